//! Texts looked through a block at a time: a token has hundreds of characters, and is
//! looked through at every step.

const BLOCK: usize = 32;

/// Whether all bytes are such ones.
#[inline]
pub(crate) fn all(bytes: &[u8], good: impl Fn(u8) -> bool) -> bool {
    let mut rest = bytes;
    while let Some((block, more)) = rest.split_first_chunk::<BLOCK>() {
        if !whole(block, &good) {
            return false;
        }
        rest = more;
    }
    // What is left over is in the last block, which overlaps the one before.
    match bytes.last_chunk() {
        Some(last) => whole(last, &good),
        None => bytes.iter().all(|byte| good(*byte)),
    }
}

/// Where the first such byte is.
#[inline]
pub(crate) fn find(bytes: &[u8], odd: impl Fn(u8) -> bool) -> Option<usize> {
    let mut rest = bytes;
    while let Some((block, more)) = rest.split_first_chunk::<BLOCK>() {
        if !whole(block, |byte| !odd(byte)) {
            break;
        }
        rest = more;
    }
    // What is left over is in the last block, which overlaps the one before.
    if rest.len() < BLOCK && bytes.last_chunk().is_some_and(|last| whole(last, |byte| !odd(byte))) {
        return None;
    }
    let start = bytes.len().saturating_sub(rest.len());
    rest.iter().position(|byte| odd(*byte)).map(|at| start.saturating_add(at))
}

/// Compilers take the bytes of a block at once, as there is no way out of it, and best where
/// each is judged before any two are put together.
#[inline]
fn whole(block: &[u8; BLOCK], good: impl Fn(u8) -> bool) -> bool {
    let odd = block.map(|byte| u8::from(!good(byte)));
    odd.iter().fold(0, |any, odd| any | odd) == 0
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
