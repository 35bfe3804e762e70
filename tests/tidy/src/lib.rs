//! House style as tests: what a reviewer would otherwise have to say again and again.
//!
//! Each rule is a test named as a sentence; its failure lists `file:line` and what to do. Each
//! rule's checker is a function over text, and a second test shows that it refuses a bad sample: a
//! check that cannot fail proves nothing.
//!
//! The rules read text, not syntax trees: a scanner that knows comments, literals and test code is
//! enough, builds in a second and needs no dependency.

#[cfg(test)]
mod arrow;
#[cfg(test)]
mod ban;
#[cfg(test)]
mod finding;
#[cfg(test)]
mod floor;
#[cfg(test)]
mod manifest;
#[cfg(test)]
mod name;
#[cfg(test)]
mod scan;
#[cfg(test)]
mod size;
#[cfg(test)]
mod source;
#[cfg(test)]
mod text;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod weight;
