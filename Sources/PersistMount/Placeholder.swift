import Persist
