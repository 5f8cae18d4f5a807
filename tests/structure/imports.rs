//! Which file uses which: paths in `use` declarations and in code, followed through re-exports to the file that defines.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::Item;

use crate::modules::{Module, Name, Tree, attributes, imports, is_cfg_test};

/// Re-exports of re-exports are followed so far; a longer chain is a circle.
const DEPTH_MAX: usize = 16;

/// The uses between files of production code: indexes of the using file and of the used one.
pub(crate) fn edges(tree: &Tree) -> BTreeSet<(usize, usize)> {
    let mut edges = BTreeSet::new();
    for (index, file) in tree.files().iter().enumerate().filter(|(_, file)| !file.is_test) {
        let Some(module) = tree.modules().iter().position(|m| m.file == index) else { continue };
        visit(tree, &file.syntax.items, module, &mut |from, path| {
            if let Some(used) = resolve(tree, from, path, 0) {
                let used = tree.modules()[used].file;
                if used != index && !tree.files()[used].is_test {
                    edges.insert((index, used));
                }
            }
        });
    }
    edges
}

/// Calls `each` with every path in the items of a module and the module it is written in. Re-exports are not uses.
fn visit(tree: &Tree, items: &[Item], module: usize, each: &mut dyn FnMut(usize, &[String])) {
    for item in items.iter().filter(|item| !is_cfg_test(attributes(item))) {
        match item {
            Item::Mod(child) => {
                let inner = tree.modules()[module].names.get(&child.ident.to_string());
                if let (Some((_, items)), Some(Name::Module(id))) = (&child.content, inner) {
                    visit(tree, items, *id, each);
                }
            }
            Item::Use(import) => {
                if matches!(import.vis, syn::Visibility::Inherited) {
                    imports(&import.tree).iter().for_each(|(_, path)| each(module, path));
                }
            }
            other => paths(other.to_token_stream(), &mut |path| each(module, path)),
        }
    }
}

/// Calls `each` with every `a::b::c` in tokens, macros included.
fn paths(tokens: TokenStream, each: &mut dyn FnMut(&[String])) {
    let mut path: Vec<String> = Vec::new();
    // Colons since the last name: two of them go on with the path.
    let mut colons = 0;
    let mut end = |path: &mut Vec<String>| {
        if path.len() > 1 {
            each(path);
        }
        path.clear();
    };
    let mut groups = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    end(&mut path);
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(p) if p.as_char() == ':' && !path.is_empty() => colons += 1,
            other => {
                end(&mut path);
                colons = 0;
                if let TokenTree::Group(group) = other {
                    groups.push(group.stream());
                }
            }
        }
    }
    end(&mut path);
    groups.into_iter().for_each(|group| paths(group, each));
}

/// The module that defines what a path leads to, or the innermost module on the way; `None` outside the checkout.
fn resolve(tree: &Tree, from: usize, path: &[String], depth: usize) -> Option<usize> {
    if depth > DEPTH_MAX {
        return None;
    }
    let modules = tree.modules();
    let (first, mut rest) = path.split_first()?;
    let mut at = match first.as_str() {
        "crate" => modules[from].root,
        "self" => from,
        "super" => modules[from].parent?,
        name => match lookup(tree, from, name, depth)? {
            Step::Into(module) => module,
            Step::Here(module) => return Some(module),
        },
    };
    while let Some((name, after)) = rest.split_first() {
        rest = after;
        at = match name.as_str() {
            "super" => modules[at].parent?,
            name => match lookup(tree, at, name, depth) {
                Some(Step::Into(module)) => module,
                Some(Step::Here(module)) => return Some(module),
                None => return Some(at),
            },
        };
    }
    Some(at)
}

/// The target of a name in a module.
enum Step {
    /// Another module.
    Into(usize),
    /// An item of this module.
    Here(usize),
}

fn lookup(tree: &Tree, module: usize, name: &str, depth: usize) -> Option<Step> {
    let Module { names, globs, .. } = &tree.modules()[module];
    match names.get(name) {
        Some(Name::Module(child)) => return Some(Step::Into(*child)),
        Some(Name::Item) => return Some(Step::Here(module)),
        Some(Name::Import(path)) => return follow(tree, module, path, depth),
        None => {}
    }
    for glob in globs {
        let mut path = glob.clone();
        path.push(name.to_string());
        let target = resolve(tree, module, glob, depth + 1);
        if target.is_some_and(|target| lookup(tree, target, name, depth + 1).is_some()) {
            return follow(tree, module, &path, depth);
        }
    }
    tree.library(name).map(Step::Into)
}

/// Follows an import.
fn follow(tree: &Tree, module: usize, path: &[String], depth: usize) -> Option<Step> {
    let (last, before) = path.split_last()?;
    // `use name;` of a crate: the name means the crate, not itself again.
    if before.is_empty() {
        return tree.library(last).map(Step::Into);
    }
    let parent = resolve(tree, module, before, depth + 1)?;
    match tree.modules()[parent].names.get(last) {
        Some(Name::Module(child)) => Some(Step::Into(*child)),
        _ => resolve(tree, module, path, depth + 1).map(Step::Here),
    }
}
