//! Compressed files, told by their suffix as Hadoop's codecs are.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use datafusion::common::parsers::CompressionTypeVariant;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use crate::Error;

const BUFFER_BYTES: usize = 1 << 20;

/// What a file's suffix says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    DataFusion(CompressionTypeVariant),
    Snappy,
    Lz4,
}

impl Codec {
    pub fn of(path: &Path) -> Self {
        let suffix = path.extension().map(|suffix| suffix.to_string_lossy().to_lowercase());
        match suffix.as_deref() {
            Some("gz" | "gzip") => Self::DataFusion(CompressionTypeVariant::GZIP),
            Some("bz2") => Self::DataFusion(CompressionTypeVariant::BZIP2),
            Some("xz") => Self::DataFusion(CompressionTypeVariant::XZ),
            Some("zst" | "zstd") => Self::DataFusion(CompressionTypeVariant::ZSTD),
            Some("snappy") => Self::Snappy,
            Some("lz4") => Self::Lz4,
            _ => Self::None,
        }
    }

    /// The file's bytes, uncompressed.
    pub fn open(self, path: &Path) -> Result<Box<dyn Read + Send>, Error> {
        let file = File::open(path).map_err(|source| Error::io(path, source))?;
        let buffered = BufReader::with_capacity(BUFFER_BYTES, file);
        Ok(match self {
            Self::None => Box::new(buffered),
            Self::DataFusion(variant) => FileCompressionType::from(variant).convert_read(buffered)?,
            Self::Snappy => Box::new(HadoopBlocks::new(buffered, Block::Snappy)),
            Self::Lz4 => {
                let mut buffered = buffered;
                // A frame has a magic number; Hadoop's own form has lengths.
                let start = std::io::BufRead::fill_buf(&mut buffered).map_err(|source| Error::io(path, source))?;
                match start.starts_with(&[0x04, 0x22, 0x4d, 0x18]) {
                    true => Box::new(lz4_flex::frame::FrameDecoder::new(buffered)),
                    false => Box::new(HadoopBlocks::new(buffered, Block::Lz4)),
                }
            }
        })
    }
}

#[derive(Debug, Clone, Copy)]
enum Block {
    Snappy,
    Lz4,
}

/// Blocks above this are taken for something that is no compressed file.
const BLOCK_BYTES_MAX: usize = 256 << 20;

/// Hadoop's `BlockCompressorStream`: the length of a block's plain bytes, then parts of it, each behind its length.
struct HadoopBlocks<R> {
    input: R,
    block: Block,
    plain: Vec<u8>,
    read: usize,
    /// Plain bytes of the block that are still to come.
    left: usize,
}

impl<R: Read> HadoopBlocks<R> {
    fn new(input: R, block: Block) -> Self {
        Self { input, block, plain: Vec::new(), read: 0, left: 0 }
    }

    /// A length in four bytes; `None` at the end of the file.
    fn length(&mut self) -> std::io::Result<Option<usize>> {
        let mut bytes = [0; 4];
        let mut read = 0;
        while read < 4 {
            match self.input.read(&mut bytes[read..])? {
                0 if read == 0 => return Ok(None),
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => read += count,
            }
        }
        let length = u32::from_be_bytes(bytes) as usize;
        if length > BLOCK_BYTES_MAX {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "a compressed block is too large"));
        }
        Ok(Some(length))
    }

    /// Reads the next part; false at the end.
    fn next(&mut self) -> std::io::Result<bool> {
        while self.left == 0 {
            match self.length()? {
                Some(length) => self.left = length,
                None => return Ok(false),
            }
        }
        let length = self.length()?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let mut compressed = vec![0; length];
        self.input.read_exact(&mut compressed)?;
        let invalid = |error: String| std::io::Error::new(std::io::ErrorKind::InvalidData, error);
        self.plain = match self.block {
            Block::Snappy => {
                let size = snap::raw::decompress_len(&compressed).map_err(|error| invalid(error.to_string()))?;
                if size > BLOCK_BYTES_MAX {
                    return Err(invalid("a compressed block is too large".to_owned()));
                }
                snap::raw::Decoder::new().decompress_vec(&compressed).map_err(|error| invalid(error.to_string()))?
            }
            Block::Lz4 => {
                lz4_flex::block::decompress(&compressed, self.left).map_err(|error| invalid(error.to_string()))?
            }
        };
        self.read = 0;
        self.left = self.left.saturating_sub(self.plain.len().max(1));
        Ok(true)
    }
}

impl<R: Read> Read for HadoopBlocks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.read == self.plain.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.plain.len() - self.read);
        buffer[..count].copy_from_slice(&self.plain[self.read..self.read + count]);
        self.read += count;
        Ok(count)
    }
}
