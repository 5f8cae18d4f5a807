//! The tree of nodes of a YAML document, built from parser events.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::separators::{Lines, first_line};

/// The limit of nesting, so that a document cannot exhaust the stack.
pub(super) const MAX_DEPTH: usize = crate::json::OBJECT_DEPTH_MAX;

/// The index of a node in its tree.
pub(super) type NodeId = usize;

/// A node of a document.
pub(super) struct Node {
    /// The line where it starts, counted from 1.
    pub(super) line: usize,
    pub(super) content: Content,
}

/// The content of a node.
pub(super) enum Content {
    Scalar {
        text: String,
        plain: bool,
        tag: Option<String>,
    },
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
    /// `at` is the offset of the `*` in characters, for messages.
    Alias {
        anchor: usize,
        at: usize,
    },
}

/// The nodes of a document with styles, tags and aliases.
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// The nodes with an anchor, by the number of the anchor.
    pub(super) anchors: HashMap<usize, NodeId>,
    /// The root; `None` for an empty document.
    pub(super) root: Option<NodeId>,
}

/// The reason why a document has no tree.
pub(super) enum Problem {
    Syntax(ScanError),
    /// The line at which the limit of nesting is exceeded.
    Depth(usize),
}

/// A collection whose end event has not been seen yet.
struct Open {
    id: NodeId,
    children: Vec<NodeId>,
}

impl Tree {
    pub(super) fn parse(doc: &str, lines: &Lines) -> Result<Self, Problem> {
        let mut tree = Self { nodes: Vec::new(), anchors: HashMap::new(), root: None };
        let mut open: Vec<Open> = Vec::new();
        for event in Parser::new_from_str(doc) {
            let (event, span) = event.map_err(Problem::Syntax)?;
            let line = span.start.line();
            let (anchor, content, collection) = match event {
                Event::DocumentEnd if tree.root.is_some() => break,
                Event::Scalar(text, style, anchor, tag) => {
                    let plain = style == ScalarStyle::Plain;
                    let tag = tag.map(|tag| tag_name(&tag));
                    let literal = (style == ScalarStyle::Literal).then(|| first_line(&text, &span));
                    let text = lines.restore(text.into_owned(), literal);
                    (anchor, Content::Scalar { text, plain, tag }, false)
                }
                Event::SequenceStart(anchor, _) => (anchor, Content::Sequence(Vec::new()), true),
                Event::MappingStart(anchor, _) => (anchor, Content::Mapping(Vec::new()), true),
                Event::Alias(anchor) => (0, Content::Alias { anchor, at: span.start.index() }, false),
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(done) = open.pop() {
                        tree.close(done);
                    }
                    continue;
                }
                _ => continue,
            };
            let id = tree.nodes.len();
            tree.nodes.push(Node { line, content });
            if anchor > 0 {
                tree.anchors.insert(anchor, id);
            }
            match open.last_mut() {
                Some(parent) => parent.children.push(id),
                None => tree.root = Some(id),
            }
            if collection {
                if open.len() >= MAX_DEPTH {
                    return Err(Problem::Depth(line));
                }
                open.push(Open { id, children: Vec::new() });
            }
        }
        Ok(tree)
    }

    fn close(&mut self, done: Open) {
        match &mut self.nodes[done.id].content {
            Content::Sequence(items) => *items = done.children,
            Content::Mapping(pairs) => *pairs = done.children.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect(),
            Content::Scalar { .. } | Content::Alias { .. } => {}
        }
    }
}

/// Returns the short name of a tag such as `!!int`; unknown tags are `!!str`.
fn tag_name(tag: &Tag) -> String {
    match (tag.handle.as_str(), tag.suffix.strip_prefix("tag:yaml.org,2002:")) {
        ("tag:yaml.org,2002:", _) => tag.suffix.clone(),
        ("", Some(name)) => name.to_owned(),
        _ => "str".to_owned(),
    }
}
