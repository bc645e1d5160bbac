//! The lines of a text file, or of a part of it, in bounded memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use mead_common::{Diagnostic, sqlstate};

use super::compression::Codec;
use crate::Error;

const BUFFER_BYTES: usize = 1 << 20;

/// A longer line is taken for a file that is no text.
pub(super) const LINE_BYTES_MAX: usize = 64 << 20;

/// A line, and its number from 1 where that is known.
pub(super) type NumberedLine<'a> = (&'a [u8], Option<u64>);

/// See the module's documentation.
pub(super) struct Lines {
    input: BufReader<Box<dyn Read + Send>>,
    path: PathBuf,
    /// Where the next line begins.
    place: u64,
    /// Lines that begin here or behind are somebody else's.
    end: u64,
    number: u64,
    begins_inside: bool,
    line: Vec<u8>,
}

impl Lines {
    /// Of a range of bytes, the lines that begin in it.
    pub fn open(path: &Path, range: Option<Range<u64>>, header: usize) -> Result<Self, Error> {
        let io = |source| Error::io(path, source);
        let mut skip_first = false;
        let (input, place, end): (Box<dyn Read + Send>, u64, u64) = match range {
            None => (Codec::of(path).open(path)?, 0, u64::MAX),
            Some(range) => {
                let mut file = File::open(path).map_err(io)?;
                // The line that the byte before ends, or is in, is not ours.
                let start = range.start.saturating_sub(1);
                skip_first = range.start > 0;
                file.seek(SeekFrom::Start(start)).map_err(io)?;
                (Box::new(file), start, range.end)
            }
        };
        let input = BufReader::with_capacity(BUFFER_BYTES, input);
        let mut lines =
            Self { input, path: path.to_owned(), place, end, number: 0, begins_inside: skip_first, line: Vec::new() };
        if skip_first {
            lines.skip_line().map_err(io)?;
        } else {
            for _ in 0..header {
                lines.next()?;
            }
        }
        Ok(lines)
    }

    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let count = end.map_or(buffer.len(), |place| place + 1);
            let is_return = end.is_some_and(|place| buffer.get(place) == Some(&b'\r'));
            self.input.consume(count);
            self.place += count as u64;
            if end.is_some() {
                return if is_return { self.take_newline() } else { Ok(()) };
            }
        }
    }

    /// A newline belongs to the carriage return before it.
    fn take_newline(&mut self) -> std::io::Result<()> {
        if self.input.fill_buf()?.first() == Some(&b'\n') {
            self.input.consume(1);
            self.place += 1;
        }
        Ok(())
    }

    /// Reads up to the end of a line, which is a newline, a carriage return, or both, as Hadoop's reader has it. False where
    /// nothing is left.
    fn read_line(&mut self) -> std::io::Result<bool> {
        let begin = self.place;
        while self.line.len() <= LINE_BYTES_MAX {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (text, rest) = buffer.split_at(end.unwrap_or(buffer.len()));
            self.line.extend_from_slice(text);
            let is_return = rest.first() == Some(&b'\r');
            let count = text.len() + usize::from(end.is_some());
            self.input.consume(count);
            self.place += count as u64;
            if end.is_some() {
                if is_return {
                    self.take_newline()?;
                }
                break;
            }
        }
        Ok(self.place > begin)
    }

    /// The next line without its end.
    pub fn next(&mut self) -> Result<Option<&[u8]>, Error> {
        if self.place >= self.end {
            return Ok(None);
        }
        self.line.clear();
        let more = self.read_line();
        if !more.map_err(|source| self.unreadable(source))? {
            return Ok(None);
        }
        self.number += 1;
        if self.line.len() > LINE_BYTES_MAX {
            let report = Diagnostic::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                format!(
                    "line {} of \"{}\" is longer than {} MiB",
                    self.number,
                    self.path.display(),
                    LINE_BYTES_MAX >> 20
                ),
            );
            return Err(report.with_hint("is this a file of text?").into());
        }
        Ok(Some(&self.line))
    }

    /// The next line with its number, which is known where the file is read from its beginning.
    pub fn next_numbered(&mut self) -> Result<Option<NumberedLine<'_>>, Error> {
        let number = (!self.begins_inside).then_some(self.number + 1);
        Ok(self.next()?.map(|line| (line, number)))
    }

    fn unreadable(&self, source: std::io::Error) -> Error {
        match source.kind() {
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidInput => {
                let message = format!("could not decompress \"{}\"", self.path.display());
                Diagnostic::new(sqlstate::DATA_CORRUPTED, message).with_detail(source.to_string()).into()
            }
            _ => Error::io(&self.path, source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_in_one_range() {
        let path = std::env::temp_dir().join(format!("mead-lines-{}", uuid::Uuid::new_v4().simple()));
        let text = "a\nbb\r\n\nccc\rdddd\r\re";
        std::fs::write(&path, text).unwrap();
        let all = |range: Option<Range<u64>>, header| {
            let mut lines = Lines::open(&path, range, header).unwrap();
            let mut found = Vec::new();
            while let Some(line) = lines.next().unwrap() {
                found.push(String::from_utf8(line.to_vec()).unwrap());
            }
            found
        };
        let whole = all(None, 0);
        assert_eq!(whole, ["a", "bb", "", "ccc", "dddd", "", "e"]);
        assert_eq!(all(None, 2), ["", "ccc", "dddd", "", "e"]);
        for cut in 0..=text.len() as u64 {
            let mut parts = all(Some(0..cut), 0);
            parts.extend(all(Some(cut..text.len() as u64), 0));
            assert_eq!(parts, whole, "{cut}");
        }
        std::fs::remove_file(path).unwrap();
    }
}
