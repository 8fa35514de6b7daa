//! What a credential may be used for: a closed set.

use std::collections::BTreeSet;

use super::Refused;

/// What an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    /// Seeing what the person sees of tasks, reminders, settings and the stream.
    Read,
    /// Changing those.
    Write,
    /// The account itself: tokens, sessions, password, address, its end.
    Account,
    /// What only administrators reach; worth nothing to anybody else.
    Admin,
}

/// What a credential has; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scopes(BTreeSet<Scope>);

impl Scope {
    pub(crate) const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Account, Self::Admin];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Account => "account",
            Self::Admin => "admin",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

impl Default for Scopes {
    /// What a token has whose maker named nothing.
    fn default() -> Self {
        Self(BTreeSet::from([Scope::Read, Scope::Write]))
    }
}

impl Scopes {
    /// What a session has.
    pub(crate) fn all() -> Self {
        Self(Scope::ALL.into_iter().collect())
    }

    /// Reads names, each of which is one of ours.
    pub(crate) fn parse(names: Vec<String>) -> Result<Self, Refused> {
        let scopes: Option<BTreeSet<Scope>> = names.iter().map(|name| Scope::parse(name)).collect();
        match scopes {
            Some(scopes) if !scopes.is_empty() => Ok(Self(scopes)),
            _ => {
                let all = Scope::ALL.map(Scope::name).join(", ");
                Err(Refused::new(format!("names one or more of {all}")))
            }
        }
    }

    /// Reads what was stored; what only a later release knows is worth nothing here.
    pub(crate) fn stored(names: &[String]) -> Self {
        Self(names.iter().filter_map(|name| Scope::parse(name)).collect())
    }

    pub(crate) fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// The first of these that is not among them.
    pub(crate) fn missing(&self, needed: &[Scope]) -> Option<Scope> {
        needed.iter().copied().find(|scope| !self.contains(*scope))
    }

    /// The first that is not among others.
    pub(crate) fn first_beyond(&self, others: &Self) -> Option<Scope> {
        self.0.difference(&others.0).next().copied()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|scope| scope.name().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(names: &[&str]) -> Result<Scopes, Refused> {
        Scopes::parse(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn scopes_are_a_set_of_known_names() {
        assert_eq!(parse(&["write", "read", "write"]), Ok(Scopes::default()));
        for names in [&[] as &[&str], &["everything"], &["read", "Write"], &[""]] {
            assert!(parse(names).is_err(), "{names:?}");
        }
    }

    #[test]
    fn the_first_scope_beyond_others_is_named() {
        let scopes = parse(&["write", "account", "admin"]).expect("scopes");
        assert_eq!(scopes.first_beyond(&Scopes::default()), Some(Scope::Account));
        assert_eq!(scopes.first_beyond(&Scopes::all()), None);
    }

    #[test]
    fn what_only_a_later_release_knows_is_worth_nothing() {
        let scopes = Scopes::stored(&["read".to_owned(), "everything".to_owned()]);
        assert_eq!(scopes.names(), ["read"]);
    }
}
