//! Bytes of a log as a text that is sent with its model: as they are if they are text, else in base64 (RFC 4648).

use data_encoding::BASE64;
use std::sync::Arc;

/// Begins what is no text itself, as in RFC 2397.
const PACKED: &str = "data:application/octet-stream;base64,";

/// The text of bytes.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) if !text.starts_with(PACKED) => text,
        Ok(text) => packed(text.as_bytes()),
        Err(why) => packed(why.as_bytes()),
    }
}

fn packed(bytes: &[u8]) -> String {
    format!("{PACKED}{}", BASE64.encode(bytes))
}

/// The bytes of a text.
pub(crate) fn bytes(text: Arc<str>) -> Result<Arc<[u8]>, String> {
    let Some(packed) = text.strip_prefix(PACKED) else {
        return Ok(text.into());
    };
    let bytes = BASE64.decode(packed.as_bytes());
    bytes
        .map(Arc::from)
        .map_err(|_| "it is not as it was sent".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(bytes_in: &[u8]) -> Vec<u8> {
        bytes(Arc::from(text(bytes_in.to_vec()))).unwrap().to_vec()
    }

    #[test]
    fn the_vectors_of_rfc_4648() {
        for (plain, wanted) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let text = packed(plain.as_bytes());
            assert_eq!(text.strip_prefix(PACKED), Some(wanted));
            assert_eq!(&*bytes(Arc::from(text)).unwrap(), plain.as_bytes());
        }
    }

    #[test]
    fn whatever_a_log_holds_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        for bytes in [
            b"a line\n".as_slice(),
            &all,
            &[0x1f, 0x8b, 0],
            PACKED.as_bytes(),
        ] {
            assert_eq!(back(bytes), bytes);
        }
        assert_eq!(text(b"a line\n".to_vec()), "a line\n");
        for damaged in ["Zg", "Zg=", "Z===", "Z-==", "Zm9"] {
            assert!(bytes(Arc::from(format!("{PACKED}{damaged}"))).is_err());
        }
    }
}
