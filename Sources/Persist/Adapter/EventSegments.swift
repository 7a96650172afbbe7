/// Capability: many events of a log lie under one key, each a line, where each value costs a request of its own.
///
/// It has no methods: with it the cache puts events as `events/<stream>/<position>.jsonl`, instead of a value for each.
public protocol EventSegments: PersistAdapter {}
