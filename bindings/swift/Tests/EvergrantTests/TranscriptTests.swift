import Foundation
import Testing

/// The golden transcripts give the same lines, byte for byte, as in Rust.
@Suite struct TranscriptTests {
    @Test func thereAreTranscripts() {
        #expect(Transcript.all.count > 40)
    }

    @Test(arguments: Transcript.all)
    func itGivesTheSameLines(_ transcript: Transcript) throws {
        let (compared, difference) = try compare(transcript)
        #expect(difference == nil)
        #expect(compared > 0, "a transcript without a step")
    }

    @Test(arguments: [
        (#""wake_at":"#, #""wake_at": "#), (#""servable":1"#, #""servable":2"#),
        (#""status":"authorized""#, #""status":"x""#),
    ])
    func aWrongLineIsFound(old: String, new: String) throws {
        let transcript = try #require(Transcript.all.first { $0.text.contains(old) })
        let text = transcript.text.replacingOccurrences(of: old, with: new)
        #expect(try compare(Transcript(name: "wrong", text: text)).difference != nil)
    }

    @Test func aMissingLineIsFound() throws {
        let lines = Transcript.all[0].text.split(separator: "\n").prefix(2).joined(separator: "\n") + "\n"
        #expect(try compare(Transcript(name: "short", text: lines)).difference == 3)
    }

    /// How many lines were compared, and which one is the first that differs.
    private func compare(_ transcript: Transcript) throws -> (compared: Int, difference: Int?) {
        var (compared, difference) = (0, Int?.none)
        try transcript.replay { number, expected, came, _ in
            compared += 1
            if difference == nil, !expected.utf8.elementsEqual(came.utf8) { difference = number }
        }
        return (compared, difference)
    }
}
