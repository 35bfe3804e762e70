//! Some things of a kind, by name, or any of them.

use std::collections::BTreeSet;

/// The most names that are kept. Whoever is told of more has to look at everything anyway.
pub const NAMED_MAX: usize = 200;

/// Some things of a kind: those with these names, or nobody knows which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named<T> {
    /// Exactly these, at most [`NAMED_MAX`]; often none.
    These(BTreeSet<T>),
    /// Any of them.
    Any,
}

impl<T: Ord> Named<T> {
    /// Adds one.
    pub fn add(&mut self, name: T) {
        if let Self::These(names) = self {
            names.insert(name);
            if names.len() > NAMED_MAX {
                *self = Self::Any;
            }
        }
    }

    /// Adds all of them.
    pub fn merge(&mut self, others: Self) {
        match others {
            Self::Any => *self = Self::Any,
            Self::These(names) => names.into_iter().for_each(|name| self.add(name)),
        }
    }

    /// Whether this may be one of them.
    pub fn holds(&self, name: &T) -> bool {
        match self {
            Self::Any => true,
            Self::These(names) => names.contains(name),
        }
    }

    /// The names; none if it may be any.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let names = if let Self::These(names) = self { Some(names) } else { None };
        names.into_iter().flatten()
    }
}

impl<T> Named<T> {
    /// How many names there are.
    pub fn len(&self) -> usize {
        if let Self::These(names) = self { names.len() } else { 0 }
    }

    /// Whether it is none of them.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::These(names) if names.is_empty())
    }
}

/// None of them.
impl<T> Default for Named<T> {
    fn default() -> Self {
        Self::These(BTreeSet::new())
    }
}

impl<T: Ord> From<T> for Named<T> {
    fn from(name: T) -> Self {
        Self::These(BTreeSet::from([name]))
    }
}

impl<T: Ord> FromIterator<T> for Named<T> {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        let mut all = Self::default();
        names.into_iter().for_each(|name| all.add(name));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_names_are_any() {
        let most: Named<usize> = (0..NAMED_MAX).collect();
        assert_eq!((most.len(), most.holds(&NAMED_MAX)), (NAMED_MAX, false));
        let more: Named<usize> = (0..=NAMED_MAX).collect();
        assert_eq!((&more, more.len(), more.holds(&usize::MAX)), (&Named::Any, 0, true));
        assert!(!more.is_empty() && Named::<u8>::default().is_empty());
    }

    #[test]
    fn any_swallows_names() {
        let mut one = Named::from(1);
        one.merge(Named::from(2));
        assert_eq!(one, [1, 2].into_iter().collect());
        one.merge(Named::Any);
        one.merge(Named::from(3));
        assert_eq!(one, Named::Any);
    }
}
