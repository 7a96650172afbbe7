import Persist
import Testing

@testable import S3Adapter

@Suite("The XML of S3")
struct XMLReaderTests {
    @Test("elements, text, entities, CDATA, comments, attributes, prefixes")
    func reads() throws {
        let root = try XMLReader.read(
            Array(
                """
                \u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
                <!-- a > b -->
                <s:R xmlns:s="http://s3/>" a='"'><Key>a&amp;b &#x1F600;&#65;&quot;<![CDATA[<&]]></Key><Empty/>
                <Key><!-- x -->c</Key></s:R>
                """.utf8))
        #expect(root.name == "R")
        #expect(root.all("Key").map(\.string) == ["a&b 😀A\"<&", "c"])
        #expect(root["Empty"]?.text == [])
    }

    @Test(
        "what is no XML, or more than answers are, is refused",
        arguments: [
            "", "<a>", "<a></b>", "<a/><b/>", "x<a/>", "<a>&nbsp;</a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<a",
            "<a>&#xD800;</a>", "<a>&amp", String(repeating: "<a>", count: 100),
        ])
    func refuses(text: String) {
        #expect(throws: StoreError.self) { try XMLReader.read(Array(text.utf8)) }
    }

    @Test("a page of a listing")
    func page() throws {
        let page = try ListPage(
            Array(
                """
                <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><EncodingType>url</EncodingType>
                <IsTruncated>true</IsTruncated><NextContinuationToken>1/x==</NextContinuationToken>
                <Contents><Key>a%2Bb+c</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified>
                <ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag><Size>434234</Size></Contents></ListBucketResult>
                """.utf8))
        #expect(page.next == "1/x==")
        let object = try #require(page.objects.first)
        #expect(object.name == Array("a+b c".utf8))
        #expect(object.size == 434_234)
        #expect(object.revision == Revision(etag: "fba9dede5f27731c9771645a39863328"))
        #expect(object.modified == Timestamp(seconds: 1_255_369_830, nanoseconds: 0))
        #expect(throws: StoreError.self) {
            try ListPage(Array("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>".utf8))
        }
    }
}
