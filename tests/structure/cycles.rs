//! Circles of imports: files that use each other, directly or around several corners.

use std::collections::{BTreeMap, BTreeSet};

use crate::imports;
use crate::modules::Tree;

/// Prints the circles, with and without the uses of a folder's own module file by the files of the folder.
pub(crate) fn print(tree: &Tree) {
    let edges = imports::edges(tree);
    let all = circles(tree.files().len(), &edges);
    let ancestors = ancestors(tree);
    let sideways: BTreeSet<(usize, usize)> =
        edges.iter().copied().filter(|(from, to)| !ancestors[from].contains(to)).collect();
    let real = circles(tree.files().len(), &sideways);
    println!("\ncircles of imports: {} ({} with a module file and its own children)", real.len(), all.len());
    for circle in &real {
        let mut paths: Vec<&str> = circle.iter().map(|file| tree.files()[*file].path.as_str()).collect();
        paths.sort_unstable();
        println!("  {} files: {}", paths.len(), paths.join(", "));
    }
    let largest = all.iter().map(Vec::len).max().unwrap_or(0);
    println!("  largest circle with module files and children: {largest} files");
}

/// The files of the modules around the module of every file.
fn ancestors(tree: &Tree) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut found: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for module in tree.modules() {
        let files = found.entry(module.file).or_default();
        let mut parent = module.parent;
        while let Some(id) = parent {
            files.insert(tree.modules()[id].file);
            parent = tree.modules()[id].parent;
        }
    }
    found
}

/// The strongly connected components of more than one node (Kosaraju), largest first.
fn circles(count: usize, edges: &BTreeSet<(usize, usize)>) -> Vec<Vec<usize>> {
    let (mut forward, mut backward) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    for (from, to) in edges {
        forward[*from].push(*to);
        backward[*to].push(*from);
    }
    let (mut order, mut seen) = (Vec::new(), vec![false; count]);
    (0..count).for_each(|node| walk(node, &forward, &mut seen, &mut order));
    let (mut components, mut seen) = (Vec::new(), vec![false; count]);
    for node in order.into_iter().rev() {
        let mut component = Vec::new();
        walk(node, &backward, &mut seen, &mut component);
        components.push(component);
    }
    components.retain(|component| component.len() > 1);
    components.sort_by_key(|component| std::cmp::Reverse(component.len()));
    components
}

/// Adds the nodes that can be reached from one and were not seen yet, each after those that it leads to.
fn walk(start: usize, next: &[Vec<usize>], seen: &mut [bool], found: &mut Vec<usize>) {
    let mut stack = vec![(start, 0)];
    if std::mem::replace(&mut seen[start], true) {
        return;
    }
    while let Some((node, child)) = stack.pop() {
        match next[node].get(child) {
            Some(to) => {
                stack.push((node, child + 1));
                if !std::mem::replace(&mut seen[*to], true) {
                    stack.push((*to, 0));
                }
            }
            None => found.push(node),
        }
    }
}
