//! Public items of libraries that no other target names.
//!
//! An item counts as named when its identifier occurs anywhere in another target, or in the signature of a public item that
//! is named: a type that a function returns is public without being imported.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Fields, ImplItem, Item, Visibility};

use crate::modules::{Tree, attributes, is_cfg_test, name_of};
use crate::workspace::Kind;

/// Prints how many public items every library has, and those that only the library itself names.
pub(crate) fn print(tree: &Tree) {
    println!("\npublic items that no other crate and no test names:");
    let libraries: BTreeSet<usize> =
        tree.files().iter().filter(|f| tree.kind(f) == Kind::Library).map(|f| f.target).collect();
    let mut total = 0;
    for library in libraries {
        let mut outside = BTreeSet::new();
        for file in tree.files().iter().filter(|f| f.target != library) {
            identifiers(file.syntax.to_token_stream(), &mut outside);
        }
        let mut items = Vec::new();
        for file in tree.files().iter().filter(|f| f.target == library && !f.is_test) {
            public_items(&file.path, &file.syntax.items, &mut items);
        }
        let dead = unnamed(&items, outside);
        total += dead.len();
        let name = tree.files().iter().find(|f| f.target == library).map_or("", |f| tree.target(f));
        println!("  {name}: {} of {}", dead.len(), items.len());
        let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        dead.iter().for_each(|item| by_file.entry(&item.file).or_default().push(&item.name));
        by_file.iter().for_each(|(file, names)| println!("    {file}: {}", names.join(", ")));
    }
    println!("  in all: {total}");
}

/// A public item.
struct Public {
    file: String,
    name: String,
    /// The identifiers of its signature, public fields or variants.
    signature: BTreeSet<String>,
}

/// The items that neither `named` nor the signature of another named item mentions.
fn unnamed(items: &[Public], mut named: BTreeSet<String>) -> Vec<&Public> {
    loop {
        let before = named.len();
        for item in items {
            if named.contains(&item.name) {
                named.extend(item.signature.iter().cloned());
            }
        }
        if named.len() == before {
            return items.iter().filter(|item| !named.contains(&item.name)).collect();
        }
    }
}

fn public_items(file: &str, items: &[Item], found: &mut Vec<Public>) {
    for item in items.iter().filter(|item| !is_cfg_test(attributes(item))) {
        match item {
            Item::Mod(child) => {
                if let Some((_, inner)) = &child.content {
                    public_items(file, inner, found);
                }
            }
            Item::Impl(block) if block.trait_.is_none() => {
                for method in &block.items {
                    if let ImplItem::Fn(method) = method
                        && matches!(method.vis, Visibility::Public(_))
                    {
                        found.push(public(file, method.sig.ident.to_string(), method.sig.to_token_stream()));
                    }
                }
            }
            other => {
                if let (Some(name), Some(signature)) = (name_of(other), signature(other)) {
                    found.push(public(file, name, signature));
                }
            }
        }
    }
}

fn public(file: &str, name: String, signature: TokenStream) -> Public {
    let mut names = BTreeSet::new();
    identifiers(signature, &mut names);
    names.remove(&name);
    Public { file: file.to_string(), name, signature: names }
}

/// The part of a public item that its users can see; `None` for an item that is not public.
fn signature(item: &Item) -> Option<TokenStream> {
    let (visibility, tokens) = match item {
        Item::Const(i) => (&i.vis, i.ty.to_token_stream()),
        Item::Static(i) => (&i.vis, i.ty.to_token_stream()),
        Item::Fn(i) => (&i.vis, i.sig.to_token_stream()),
        Item::Enum(i) => (&i.vis, i.variants.to_token_stream()),
        Item::Struct(i) => (&i.vis, fields(&i.fields)),
        Item::Trait(i) => (&i.vis, i.to_token_stream()),
        Item::Type(i) => (&i.vis, i.ty.to_token_stream()),
        _ => return None,
    };
    matches!(visibility, Visibility::Public(_)).then_some(tokens)
}

/// The types of the public fields.
fn fields(fields: &Fields) -> TokenStream {
    fields.iter().filter(|f| matches!(f.vis, Visibility::Public(_))).map(|f| f.ty.to_token_stream()).collect()
}

fn identifiers(tokens: TokenStream, found: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(name) => drop(found.insert(name.to_string())),
            TokenTree::Group(group) => identifiers(group.stream(), found),
            _ => {}
        }
    }
}
