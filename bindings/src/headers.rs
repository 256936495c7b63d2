//! Headers as one text, a line for each, `name: value`, as on the wire.

/// What is no header is left out, as by any HTTP client: a server wrote it, so it
/// is no misuse.
pub(crate) fn parse(block: &str) -> Vec<(String, String)> {
    let lines = block.lines();
    lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

/// Neither names nor values can hold a line break.
pub(crate) fn write(headers: &[(&'static str, evergrant::Secret)]) -> evergrant::Secret {
    // Sized beforehand: a text that grows leaves copies of secrets behind.
    let length = headers.iter().map(|(name, value)| name.len() + value.expose().len() + 3).sum();
    let mut block = String::with_capacity(length);
    for (name, value) in headers {
        for part in [name, ": ", value.expose(), "\n"] {
            block.push_str(part);
        }
    }
    block.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_as_on_the_wire() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(parse(""), []);
        assert_eq!(
            parse("A: b\r\nc:d: e \n\nHTTP/1.1 200 OK\nf:\n"),
            [pair("A", "b"), pair("c", "d: e"), pair("f", "")]
        );
    }

    #[test]
    fn they_are_written_as_on_the_wire() {
        let headers =
            [("accept", "application/json".into()), ("authorization", "Basic eDp5".into())];
        let block = write(&headers);
        assert_eq!(block.expose(), "accept: application/json\nauthorization: Basic eDp5\n");
        assert_eq!(write(&[]).expose(), "");
    }
}
