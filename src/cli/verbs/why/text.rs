//! The answer as text: a headline, the tree of findings, and the chains of causes.

use super::Answer;
use kctl_cluster::why::{Author, Diagnosis, Finding, ObjectName, Step, Story, Weight};

/// Returns the lines of an answer.
pub(super) fn lines(answer: &Answer) -> Vec<String> {
    let mut lines = vec![headline(answer)];
    if let Some(diagnosis) = &answer.diagnosis {
        lines.extend(findings(diagnosis));
    }
    if let Some(story) = &answer.story {
        causes(&mut lines, story);
    }
    lines
}

/// Returns the tree of findings about an object.
pub(in crate::verbs) fn findings(diagnosis: &Diagnosis) -> Vec<String> {
    let mut lines = Vec::new();
    branch(&mut lines, "", &diagnosis.findings, &|finding| Node::of_finding(finding, &diagnosis.object));
    lines
}

fn headline(answer: &Answer) -> String {
    let Some(diagnosis) = &answer.diagnosis else { return format!("{} no longer exists", answer.object) };
    let state = match diagnosis.weight() {
        Weight::Remark => "is as it should be",
        Weight::Unknown => "cannot be examined in full",
        Weight::Progress => "is on its way",
        Weight::Problem => "is not as it should be",
    };
    match diagnosis.summary.as_str() {
        "" => format!("{} {state}", diagnosis.object),
        summary => format!("{} {state}: {summary}", diagnosis.object),
    }
}

fn causes(lines: &mut Vec<String>, story: &Story) {
    if !story.chains.is_empty() {
        lines.push(String::new());
        lines.push("How it came to this, the newest first:".into());
        let chains: Vec<&[Step]> = story.chains.iter().map(Vec::as_slice).collect();
        branch(lines, "", &chains, &|chain| Node::of_chain(chain));
    }
    if let Some(start) = story.log_starts {
        lines.push(format!("(The log of changes reaches back to {}.)", start.rfc3339()));
    }
}

/// A node of a tree: its text, the lines below it, and its children.
struct Node<'a> {
    text: String,
    details: Vec<String>,
    findings: &'a [Finding],
    chain: &'a [Step],
}

impl<'a> Node<'a> {
    fn of_finding(finding: &'a Finding, examined: &ObjectName) -> Node<'a> {
        let others = match finding.others {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let text = match finding.object == *examined {
            true => finding.sentence.clone(),
            false => format!("{}{others}: {}", finding.object, finding.sentence),
        };
        Node { text, details: finding.evidence.clone(), findings: &finding.because, chain: &[] }
    }

    fn of_chain(chain: &'a [Step]) -> Node<'a> {
        let (text, rest) = match chain.split_first() {
            Some((step, rest)) => (step_text(step), rest),
            None => (String::new(), chain),
        };
        Node { text, details: Vec::new(), findings: &[], chain: rest }
    }
}

fn step_text(step: &Step) -> String {
    let author = match &step.author {
        Author::ClusterStart => " at the start of the cluster".into(),
        Author::Controller(_) | Author::Command(_) => format!(" ({})", step.author.words()),
    };
    let during = step.during.as_ref().map_or_else(String::new, |operation| {
        format!(" during command {}: {}", operation.number, operation.command_line)
    });
    let because = step.because.as_ref().map_or_else(String::new, |because| format!(" because {because}"));
    let left_out = match step.left_out {
        0 => String::new(),
        1 => "; 1 step like these is left out".into(),
        steps => format!("; {steps} steps like these are left out"),
    };
    let joins = if step.joins { " (as above)" } else { "" };
    format!("{} {}{author}{during}{because}{left_out}{joins}", step.at.rfc3339(), step.what)
}

/// Adds a tree of nodes, each with the prefix of those around it.
fn branch<'a, T: 'a>(lines: &mut Vec<String>, prefix: &str, items: &'a [T], node_of: &dyn Fn(&'a T) -> Node<'a>) {
    for (position, item) in items.iter().enumerate() {
        let is_last = position + 1 == items.len();
        let node = node_of(item);
        lines.push(format!("{prefix}{}{}", if is_last { "└─ " } else { "├─ " }, node.text));
        let below = format!("{prefix}{}", if is_last { "   " } else { "│  " });
        let has_children = !node.findings.is_empty() || !node.chain.is_empty();
        let bar = if has_children { "│  " } else { "   " };
        lines.extend(node.details.iter().map(|line| format!("{below}{bar}{line}").trim_end().to_string()));
        let examined = ObjectName::default();
        branch(lines, &below, node.findings, &|finding| Node::of_finding(finding, &examined));
        if !node.chain.is_empty() {
            branch(lines, &below, &[node.chain], &|chain| Node::of_chain(chain));
        }
    }
}
