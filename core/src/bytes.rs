//! Texts looked through a block at a time: a token has hundreds of characters, and is
//! looked through at every step.

/// Compilers take the bytes of a block at once, as there is no way out of it.
const BLOCK: usize = 16;

/// Whether all bytes are such ones.
#[inline]
pub(crate) fn all(bytes: &[u8], good: impl Fn(u8) -> bool) -> bool {
    bytes.chunks(BLOCK).all(|block| block.iter().fold(true, |all, byte| all & good(*byte)))
}

/// Where the first such byte is.
#[inline]
pub(crate) fn find(bytes: &[u8], odd: impl Fn(u8) -> bool) -> Option<usize> {
    let has_one = |block: &[u8]| block.iter().fold(false, |found, byte| found | odd(*byte));
    let plain = bytes.chunks(BLOCK).take_while(|block| !has_one(block)).count();
    let start = plain.saturating_mul(BLOCK);
    let more = bytes.get(start..)?.iter().position(|byte| odd(*byte))?;
    Some(start.saturating_add(more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_byte_is_found_wherever_it_is() {
        for length in 0..70 {
            let mut bytes = vec![b'a'; length];
            assert!(all(&bytes, |byte| byte == b'a'));
            assert_eq!(find(&bytes, |byte| byte != b'a'), None);
            for at in (0..length).rev() {
                bytes[at] = b'b';
                assert!(!all(&bytes, |byte| byte == b'a'));
                assert_eq!(find(&bytes, |byte| byte != b'a'), Some(at));
            }
        }
    }
}
