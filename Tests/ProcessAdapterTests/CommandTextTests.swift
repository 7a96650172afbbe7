import Persist
import ProcessAdapter
import Testing

@Suite("The command of exec:")
struct CommandTextTests {
    @Test(
        "words, as in a shell",
        arguments: [
            ("./adapter", ["./adapter"]), ("  a  b\tc ", ["a", "b", "c"]), ("a 'b c' \"d e\"", ["a", "b c", "d e"]),
            (#"a b\ c \" "\"\\\a" '\'"#, ["a", "b c", "\"", #""\\a"#, "\\"]), ("a '' \"\"", ["a", "", ""]),
            ("a'b'\"c\"d", ["abcd"]), ("a $HOME * ~", ["a", "$HOME", "*", "~"]), ("a 'é\u{301}'", ["a", "é\u{301}"]),
            ("python3 my.py --url=\"a b\"", ["python3", "my.py", "--url=a b"]),
        ])
    func words(text: String, expected: [String]) throws {
        #expect(try ProcessAdapter.command(text) == expected)
    }

    @Test("what is no command", arguments: ["", "  ", "a 'b", "a \"b", "a \\", "''", "a \0"])
    func refuses(text: String) {
        #expect {
            try ProcessAdapter.command(text)
        } throws: { error in
            (error as? StoreError)?.kind == .invalid
        }
    }
}
