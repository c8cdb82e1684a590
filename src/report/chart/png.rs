//! The PNG file of a picture: colour of 8 bits, no interlacing, one zlib stream (PNG specification, third edition).

use std::io::{self, Write};

use flate2::Compression;
use flate2::Crc;
use flate2::write::ZlibEncoder;

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The file of a picture of this width; `pixels` are red, green, blue, row by row from the top.
pub(super) fn encode(width: u32, pixels: &[u8]) -> io::Result<Vec<u8>> {
    let row = 3 * width as usize;
    let height = (pixels.len() / row.max(1)) as u32;
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // Bits of a sample, colour type RGB, then compression, filtering and interlacing: the only ones there are, or none.
    header.extend([8, 2, 0, 0, 0]);
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in pixels.chunks_exact(row.max(1)) {
        // Each row begins with its filter: none.
        packed.write_all(&[0])?;
        packed.write_all(row)?;
    }
    let mut file = SIGNATURE.to_vec();
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"IDAT", &packed.finish()?);
    chunk(&mut file, *b"IEND", &[]);
    Ok(file)
}

/// Length, type, data, and the checksum of type and data.
fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let mut sum = Crc::new();
    sum.update(&kind);
    sum.update(data);
    file.extend((data.len() as u32).to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend(sum.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_picture_comes_back_pixel_by_pixel() {
        let pixels: Vec<u8> = (0..3 * 5 * 7).map(|n| (n * 37 % 256) as u8).collect();
        let file = encode(5, &pixels).unwrap_or_else(|e| panic!("{e}"));
        // The first chunk of any such picture, checksum included, as other programs write it.
        let head = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x05\0\0\0\x07\x08\x02\0\0\0";
        assert_eq!(file[..head.len()], *head);
        let length = u32::from_be_bytes(file[33..37].try_into().unwrap_or_default()) as usize;
        assert_eq!(file[37..41], *b"IDAT");
        let mut rows = Vec::new();
        let mut unpacked = flate2::read::ZlibDecoder::new(&file[41..41 + length]);
        assert!(unpacked.read_to_end(&mut rows).is_ok());
        let back: Vec<u8> = rows
            .chunks(16)
            .flat_map(|r| r[1..].iter().copied())
            .collect();
        assert_eq!(back, pixels);
        // The empty last chunk has a checksum that stands in every PNG file.
        assert_eq!(file[45 + length..], *b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
