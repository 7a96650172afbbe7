import Persist

/// Components and names, keys and paths, keys and the text of them: each leads back to where it came from.
func fuzzNames(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let namespace = Namespace.allCases[Int(first) % Namespace.allCases.count]
    let isPrefix = first & 0x80 != 0
    let bytes = Array(bytes.dropFirst())
    requireComponent(bytes.filter { $0 != UInt8(ascii: "/") })
    requireName(bytes)
    requireKey(bytes, namespace, isPrefix: isPrefix)
    requirePath(bytes, namespace)
    requireText(bytes)
}

private func requireComponent(_ component: [UInt8]) {
    switch KeyEscape.encode(component: component) {
    case .name(let name):
        require((try? FileName(name.bytes)) != nil, "\(component) has no legal name, but \(name.bytes)")
        require(KeyEscape.decode(name) == component, "\(component) is shown as \(name.bytes), which is another's name")
    case .hashed(let name):
        require((try? FileName(name.bytes)) != nil, "\(component) has no legal name, but \(name.bytes)")
        require(KeyEscape.decode(name) == nil, "the hash \(name) leads to a component")
        // An escape is at most three bytes a byte.
        require(component.count * 3 > FileName.bytesMax, "\(component) would fit")
    }
}

private func requireName(_ bytes: [UInt8]) {
    guard let name = try? FileName(bytes), let component = KeyEscape.decode(name) else { return }
    require(
        KeyEscape.encode(component: component) == .name(name), "\(bytes) shows \(component), which has another name")
}

private func requireKey(_ key: [UInt8], _ namespace: Namespace, isPrefix: Bool) {
    let path = PathNames.path(of: key, in: namespace, isPrefix: isPrefix)
    let back = PathNames.key(of: path.names, in: namespace)
    require(back == (path.isHashed ? nil : key), "\(namespace) \(key) is at \(path.names), which shows \(back ?? [])")
    require(PathNames.hasKey(path.names, in: namespace) == (back != nil), "hasKey of \(path.names) is wrong")
}

private func requirePath(_ bytes: [UInt8], _ namespace: Namespace) {
    let names = bytes.split(separator: UInt8(ascii: "/")).compactMap { try? FileName(Array($0)) }
    guard !names.isEmpty else { return }
    let key = PathNames.key(of: names, in: namespace)
    require(PathNames.hasKey(names, in: namespace) == (key != nil), "\(namespace): hasKey of \(names) is wrong")
    guard let key else { return }
    let isPrefix = names.count > 1 && names.last == "%self"
    let again = PathNames.path(of: key, in: namespace, isPrefix: isPrefix).names
    require(again == names, "\(namespace): \(names) shows \(key), which is at \(again)")
}

private func requireText(_ key: [UInt8]) {
    let text = KeyText.text(of: key)
    require(String(validating: text, as: UTF8.self) != nil && !text.contains(0), "\(key) became \(text), no text")
    require(KeyText.key(of: text) == key, "\(key) became \(text), which is another key")
}
