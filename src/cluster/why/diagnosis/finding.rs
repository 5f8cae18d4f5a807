//! The findings of a diagnosis.

use super::super::ObjectName;

/// The weight of a finding, the lightest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Worth knowing; nothing is wrong.
    Remark,
    /// Something that the user may not examine, so that it is not known whether it is as it should be.
    Unknown,
    /// Work that goes on by itself.
    Progress,
    /// Something that will not get better by itself, or that fails again and again.
    Problem,
}

/// One finding about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The weight.
    pub weight: Weight,
    /// The object that it is about.
    pub object: ObjectName,
    /// The number of further objects of which the same was found.
    pub others: usize,
    /// The finding in a sentence without a full stop.
    pub sentence: String,
    /// The evidence, one line each.
    pub evidence: Vec<String>,
    /// Findings about the objects to which it leads.
    pub because: Vec<Finding>,
}

impl Finding {
    fn new(weight: Weight, sentence: impl Into<String>) -> Finding {
        let (object, sentence) = (ObjectName::default(), sentence.into());
        Finding { weight, object, others: 0, sentence, evidence: Vec::new(), because: Vec::new() }
    }

    /// Finds something that is wrong with the object that is being examined.
    pub(super) fn problem(sentence: impl Into<String>) -> Finding {
        Finding::new(Weight::Problem, sentence)
    }

    /// Finds something that the user may not examine.
    pub(super) fn unknown(sentence: impl Into<String>) -> Finding {
        Finding::new(Weight::Unknown, sentence)
    }

    /// Finds work that goes on.
    pub(super) fn progress(sentence: impl Into<String>) -> Finding {
        Finding::new(Weight::Progress, sentence)
    }

    /// Finds something worth knowing.
    pub(super) fn remark(sentence: impl Into<String>) -> Finding {
        Finding::new(Weight::Remark, sentence)
    }

    /// Adds a line of evidence, unless it is empty.
    pub(super) fn shown_by(mut self, line: impl Into<String>) -> Finding {
        let line = line.into();
        if !line.is_empty() {
            self.evidence.push(line);
        }
        self
    }

    /// Adds findings about the objects to which this one leads.
    pub(super) fn because(mut self, findings: Vec<Finding>) -> Finding {
        self.because.extend(findings);
        self
    }

    /// Returns whether another finding says the same of another object.
    pub(super) fn is_like(&self, other: &Finding) -> bool {
        let same_causes = || {
            self.because.len() == other.because.len()
                && self.because.iter().zip(&other.because).all(|(left, right)| left.is_like(right))
        };
        (self.weight, &self.sentence, &self.object.kind) == (other.weight, &other.sentence, &other.object.kind)
            && same_causes()
    }
}

/// The result of the examination of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The object.
    pub object: ObjectName,
    /// Its state in a few words, such as `2 of 3 pods are ready`; empty where there is nothing to count.
    pub summary: String,
    /// The findings, in the order in which a reader looks for it.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Returns the weight of the gravest finding; [`Weight::Remark`] for an object that is as it should be.
    pub fn weight(&self) -> Weight {
        self.findings.iter().map(|finding| finding.weight).max().unwrap_or(Weight::Remark)
    }
}
