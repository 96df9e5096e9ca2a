//! Who needs whom, as Node will look packages up: first among what is nested in the package itself, then ever further out.

use crate::lock::{Lock, Package};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The application itself; package `n` of the lock file is node `n + 1`.
const ROOT: usize = 0;

/// The dependencies between the packages of a lock file.
pub(crate) struct Graph {
    outgoing: Vec<Vec<Edge>>,
    incoming: Vec<Vec<Edge>>,
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    from: usize,
    to: usize,
    /// Whether `from` can do without.
    optional: bool,
}

impl Graph {
    /// The graph of a lock file.
    pub(crate) fn of(lock: &Lock) -> Self {
        let by_location: HashMap<&str, usize> =
            lock.entries.iter().enumerate().map(|(index, entry)| (entry.location.as_str(), index + 1)).collect();
        let mut graph = Self { outgoing: vec![Vec::new(); lock.entries.len() + 1], incoming: Vec::new() };
        graph.incoming.clone_from(&graph.outgoing);
        graph.add_all(ROOT, "", &lock.root, &by_location);
        for (index, entry) in lock.entries.iter().enumerate() {
            if entry.package.link {
                graph.add(Edge { from: ROOT, to: index + 1, optional: false });
            } else {
                graph.add_all(index + 1, &entry.location, &entry.package, &by_location);
            }
        }
        graph
    }

    fn add_all(&mut self, from: usize, location: &str, package: &Package, by_location: &HashMap<&str, usize>) {
        let is_top = !location.contains("node_modules/");
        for (name, optional) in needs(package, is_top) {
            if let Some(to) = resolve(location, name, by_location) {
                self.add(Edge { from, to, optional });
            }
        }
    }

    fn add(&mut self, edge: Edge) {
        self.outgoing[edge.from].push(edge);
        self.incoming[edge.to].push(edge);
    }

    /// What goes when the optional package `index` of the lock file cannot be had: everything that needs it up to where
    /// it is optional, and everything that only these need. `gone` is what went before; nothing of it counts as needing.
    /// This is npm's rule (its `optionalSet`), so that the same packages stay as with `npm ci`.
    pub(crate) fn optional_set(&self, index: usize, gone: &BTreeSet<usize>) -> BTreeSet<usize> {
        let needing = self.needing(index + 1);
        let is_gone = |node: usize| node != ROOT && gone.contains(&(node - 1));
        let counts = |edge: &Edge| !needing.contains(&edge.to) && !is_gone(edge.from);
        let mut set = self.reachable(&needing, counts);
        loop {
            let outside = |edge: &Edge| !set.contains(&edge.from) && counts(edge);
            let needed: Vec<usize> =
                set.iter().copied().filter(|node| self.incoming[*node].iter().any(outside)).collect();
            if needed.is_empty() {
                return set.into_iter().filter(|node| *node != ROOT).map(|node| node - 1).collect();
            }
            for node in needed {
                set.remove(&node);
            }
        }
    }

    /// The node and all that cannot do without it.
    fn needing(&self, node: usize) -> BTreeSet<usize> {
        closure(BTreeSet::from([node]), |node| {
            self.incoming[node].iter().filter(|edge| !edge.optional).map(|edge| edge.from).collect()
        })
    }

    fn reachable(&self, from: &BTreeSet<usize>, counts: impl Fn(&Edge) -> bool) -> BTreeSet<usize> {
        closure(from.clone(), |node| {
            self.outgoing[node].iter().filter(|edge| counts(edge)).map(|edge| edge.to).collect()
        })
    }
}

fn closure(mut set: BTreeSet<usize>, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut queue: Vec<usize> = set.iter().copied().collect();
    while let Some(node) = queue.pop() {
        queue.extend(next(node).into_iter().filter(|node| set.insert(*node)));
    }
    set
}

/// What a package asks for, and whether it can do without. Only the application and its own packages have their
/// development dependencies installed.
fn needs(package: &Package, is_top: bool) -> BTreeMap<&str, bool> {
    let wanted = &package.wanted;
    let mut needs = BTreeMap::new();
    needs.extend(wanted.peer_dependencies.keys().map(|name| (name.as_str(), wanted.is_optional_peer(name))));
    needs.extend(wanted.dependencies.keys().map(|name| (name.as_str(), false)));
    needs.extend(wanted.optional_dependencies.keys().map(|name| (name.as_str(), true)));
    if is_top {
        needs.extend(wanted.dev_dependencies.keys().map(|name| (name.as_str(), false)));
    }
    needs
}

fn resolve(location: &str, name: &str, by_location: &HashMap<&str, usize>) -> Option<usize> {
    let mut directory = location;
    loop {
        let candidate = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        if let Some(found) = by_location.get(format!("{candidate}node_modules/{name}").as_str()) {
            return Some(*found);
        }
        if directory.is_empty() {
            return None;
        }
        directory = directory.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
}
