//! A walk over the bytes of an ONNX file that allocates nothing: it bounds what decoding it would.
//!
//! Two bytes are enough for an empty message, which takes hundreds once decoded, so the number of messages and their
//! depth are counted before a decoder sees the file. Encoding: <https://protobuf.dev/programming-guides/encoding/>

use crate::Error;

/// Messages that a file may hold: nodes, attributes, tensors, dimensions, entries.
const MESSAGES_MAX: usize = 2_000_000;

/// Levels of messages: a graph in an attribute of a node takes three.
const DEPTH_MAX: usize = 40;

/// Checks that `file` is a well-formed protocol buffer of bounded size in the shape of an ONNX model.
pub(super) fn scan(file: &[u8]) -> Result<(), Error> {
    let mut messages = 0;
    message(Kind::Model, file, 0, &mut messages)
}

/// The messages that hold others.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    ValueInfo,
    Type,
    TensorType,
    Container,
    Shape,
    Leaf,
    /// A message that is refused later; its parts are counted as if they were leaves.
    Refused,
}

impl Kind {
    /// What lies in the field of that number, where it is a message.
    fn field(self, number: u64) -> Option<Kind> {
        Some(match (self, number) {
            (Kind::Model, 7) => Kind::Graph,
            (Kind::Model, 8 | 14 | 26) => Kind::Leaf,
            (Kind::Model, 20 | 25) => Kind::Refused,
            (Kind::Graph, 1) => Kind::Node,
            (Kind::Graph, 5) => Kind::Tensor,
            (Kind::Graph, 11..=13) => Kind::ValueInfo,
            (Kind::Graph, 14 | 16) => Kind::Leaf,
            (Kind::Graph, 15) => Kind::SparseTensor,
            (Kind::Node, 5) => Kind::Attribute,
            (Kind::Node, 9 | 10) => Kind::Leaf,
            (Kind::Attribute, 5 | 10) => Kind::Tensor,
            (Kind::Attribute, 6 | 11) => Kind::Graph,
            (Kind::Attribute, 14 | 15) => Kind::Type,
            (Kind::Attribute, 22 | 23) => Kind::SparseTensor,
            (Kind::Tensor, 3 | 13 | 16) => Kind::Leaf,
            (Kind::SparseTensor, 1 | 2) => Kind::Tensor,
            (Kind::ValueInfo, 2) => Kind::Type,
            (Kind::ValueInfo, 4) => Kind::Leaf,
            (Kind::Type, 1 | 8) => Kind::TensorType,
            (Kind::Type, 4 | 5 | 9) => Kind::Container,
            (Kind::Container, 1 | 2) => Kind::Type,
            (Kind::TensorType, 2) => Kind::Shape,
            (Kind::Shape, 1) => Kind::Leaf,
            _ => return None,
        })
    }
}

fn message(kind: Kind, bytes: &[u8], depth: usize, messages: &mut usize) -> Result<(), Error> {
    *messages += 1;
    if *messages > MESSAGES_MAX {
        return Err(Error::Onnx(format!("it has more than {MESSAGES_MAX} parts")));
    }
    if depth > DEPTH_MAX {
        return Err(Error::Onnx(format!("its parts are nested more than {DEPTH_MAX} levels deep")));
    }
    let mut rest = bytes;
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        let (number, wire_type) = (key >> 3, key & 7);
        if number == 0 || number > 0x1fff_ffff {
            return Err(malformed("a field has an impossible number"));
        }
        match wire_type {
            0 => {
                varint(&mut rest)?;
            }
            1 => {
                take(&mut rest, 8)?;
            }
            2 => {
                let len = varint(&mut rest)?;
                let inside = take(&mut rest, len)?;
                match kind.field(number) {
                    // A map's key is a number, which a container of this walk may take for a type.
                    Some(inner) => message(inner, inside, depth + 1, messages)?,
                    None if matches!(kind, Kind::Refused) => *messages += 1,
                    None => {}
                }
            }
            5 => {
                take(&mut rest, 4)?;
            }
            // Groups are not used by ONNX.
            _ => return Err(malformed("a field has an unknown encoding")),
        }
    }
    Ok(())
}

fn varint(rest: &mut &[u8]) -> Result<u64, Error> {
    let mut value = 0;
    for index in 0..10 {
        let (byte, after) = rest.split_first().ok_or_else(|| malformed("it ends within a number"))?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(malformed("a number is too long"))
}

fn take<'a>(rest: &mut &'a [u8], len: u64) -> Result<&'a [u8], Error> {
    let len = usize::try_from(len).ok().filter(|len| *len <= rest.len());
    let (inside, after) = rest.split_at(len.ok_or_else(|| malformed("it ends within a field"))?);
    *rest = after;
    Ok(inside)
}

fn malformed(reason: &str) -> Error {
    Error::Onnx(format!("it is not a protocol buffer: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_empty_messages_are_refused_before_they_are_decoded() {
        let nodes = [0x0a, 0x00].repeat(MESSAGES_MAX + 1);
        let mut file = vec![0x3a];
        prost::encoding::encode_varint(nodes.len() as u64, &mut file);
        file.extend(nodes);
        assert!(scan(&file).unwrap_err().to_string().contains("parts"));
    }

    #[test]
    fn deep_graphs_are_refused() {
        // A graph with a node with an attribute with a graph, again and again.
        let mut graph = Vec::new();
        for _ in 0..200 {
            for tag in [0x32, 0x2a, 0x0a] {
                let mut outer = vec![tag];
                prost::encoding::encode_varint(graph.len() as u64, &mut outer);
                outer.extend(&graph);
                graph = outer;
            }
        }
        let mut file = vec![0x3a];
        prost::encoding::encode_varint(graph.len() as u64, &mut file);
        file.extend(graph);
        assert!(scan(&file).unwrap_err().to_string().contains("nested"));
    }

    #[test]
    fn truncated_files_are_refused() {
        for file in [&[0x3a, 0x05, 0x0a][..], &[0x80], &[0xff; 12], &[0x0b], &[0x00, 0x00]] {
            assert!(scan(file).is_err(), "{file:?}");
        }
    }
}
