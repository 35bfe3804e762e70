//! Brings a database's collections and indexes up to what this program needs.
//!
//! Migrations only go forward. Each is noted in a collection of our own together with the oldest
//! schema version whose programs can still use the database afterwards, so that nodes can be
//! updated one by one, and a program that is too old says so instead of guessing.
//!
//! A step is made of commands that may run again and at the same time, and it is noted after the
//! last of them: nodes that start at once do the same work together, and one that dies half way
//! leaves work for the next. So there is no lock.
//!
//! [`MongoStore::open_with`](crate::MongoStore::open_with) applies what is missing, unless the
//! [options](crate::Options::migrate) say otherwise. Where the program's own user may not make
//! collections, its owner runs [`apply`], or what [`plan`] prints.

use mainspring_contract::StoreError;
use mainspring_contract::tables::Done;
use mainspring_sql::migration::{Applied, Migration, Migrations};
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Error;

use crate::collections::{CONFIG_REVISION, Collections, NUMBERS, initial};
use crate::error;
use crate::options::Options;
use crate::server;

/// Every step; the first makes version 1. What each does is said in [`commands`].
const MIGRATIONS: Migrations =
    Migrations(&[Migration { name: "initial", min_program: 1, sql: "" }]);

/// A step that a database still needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The schema version that it leads to.
    pub version: i64,
    /// What it is about.
    pub name: &'static str,
    /// The oldest schema version whose programs can use the database afterwards: those of before
    /// have to be stopped first.
    pub min_program: i64,
    /// Its commands, with the names of this store, to be read, or to be run by hand in mongosh,
    /// each with `db.runCommand(…)`. The last one notes the step.
    pub commands: Vec<String>,
}

/// Which steps a database still needs; none, if it suits this program. Nothing is changed.
///
/// # Errors
/// [`Incompatible`](mainspring_contract::StoreErrorKind::Incompatible) if a newer program has
/// changed the database so that this one must not use it, or the server has no transactions or is
/// too old; and whatever is in the way of connecting.
pub async fn plan(options: &Options) -> Result<Vec<Step>, StoreError> {
    let (database, name, _) = options.database().await?;
    Place::new(&database, &name, options).plan().await
}

/// Applies what a database still needs; which steps that was.
///
/// # Errors
/// As for [`plan`]; [`Backend`](mainspring_contract::StoreErrorKind::Backend) also if the user may
/// not make collections or indexes.
pub async fn apply(options: &Options) -> Result<Vec<Step>, StoreError> {
    let (database, name, _) = options.database().await?;
    Place::new(&database, &name, options).apply().await
}

/// Whether a database suits this program as it is.
///
/// # Errors
/// [`Incompatible`](mainspring_contract::StoreErrorKind::Incompatible) if it does not, either way.
pub async fn check(options: &Options) -> Result<(), StoreError> {
    let (database, name, _) = options.database().await?;
    Place::new(&database, &name, options).check().await
}

/// A database, and what the store in it is called.
pub(crate) struct Place<'a> {
    database: &'a Database,
    name: &'a str,
    collections: Collections,
}

impl<'a> Place<'a> {
    pub(crate) fn new(database: &'a Database, name: &'a str, options: &Options) -> Self {
        Self { database, name, collections: Collections::new(&options.prefix) }
    }

    pub(crate) async fn check(&self) -> Done<()> {
        server::check(self.database, self.name).await?;
        MIGRATIONS.check(self.applied().await?, self.name)
    }

    pub(crate) async fn plan(&self) -> Done<Vec<Step>> {
        Ok(self.missing().await?.into_iter().map(|(step, _)| step).collect())
    }

    pub(crate) async fn apply(&self) -> Done<Vec<Step>> {
        let mut done = Vec::new();
        for (step, commands) in self.missing().await? {
            for command in commands {
                match self.database.run_command(command).await {
                    Ok(answer) => self.complete(&answer)?,
                    Err(why) if is_done(&why) => {}
                    Err(why) => return Err(error::of_statement(self.name, why)),
                }
            }
            done.push(step);
        }
        Ok(done)
    }

    async fn missing(&self) -> Done<Vec<(Step, Vec<Document>)>> {
        server::check(self.database, self.name).await?;
        let applied = self.applied().await?;
        let steps = MIGRATIONS.plan(applied, self.name)?.map(|(version, migration)| {
            let commands = commands(&self.collections, version, migration);
            let Migration { name, min_program, .. } = *migration;
            let shown = commands.iter().map(ToString::to_string).collect();
            (Step { version, name, min_program, commands: shown }, commands)
        });
        Ok(steps.collect())
    }

    /// Refuses the answer to a command of which a part was not done.
    fn complete(&self, answer: &Document) -> Done<()> {
        let errors = answer.get_array("writeErrors").ok();
        match errors.and_then(|errors| errors.first()) {
            Some(Bson::Document(why)) => {
                let said = why.get_str("errmsg").unwrap_or_default();
                match why.get_i32("code").unwrap_or_default() {
                    // Somebody else has just done it.
                    error::code::DUPLICATE_KEY => Ok(()),
                    code => Err(error::of_code(self.name, code, said)),
                }
            }
            _ => Ok(()),
        }
    }

    /// What the database's own list of migrations says.
    async fn applied(&self) -> Done<Applied> {
        let largest = vec![doc! { "$group": {
            "_id": Bson::Null,
            "version": { "$max": "$_id" }, "min_program": { "$max": "$min_program" },
        } }];
        let collection = self.database.collection::<Document>(&self.collections.migrations);
        let found = async {
            let mut cursor = collection.aggregate(largest).await?;
            if cursor.advance().await? { cursor.deserialize_current().map(Some) } else { Ok(None) }
        };
        let found: Option<Document> =
            found.await.map_err(|why| error::of_statement(self.name, why))?;
        let number = |field: &str| {
            let value = found.as_ref().and_then(|row| row.get(field));
            value.and_then(|value| value.as_i64().or_else(|| value.as_i32().map(i64::from)))
        };
        Ok(Applied {
            version: number("version").unwrap_or(0),
            min_program: number("min_program").unwrap_or(0),
        })
    }
}

/// Somebody else has just done it.
fn is_done(why: &Error) -> bool {
    use error::code as c;
    matches!(error::code_of(why), Some(c::NAMESPACE_EXISTS | c::DUPLICATE_KEY))
}

/// What a step does. Counters that are there keep their values.
fn commands(names: &Collections, version: i64, migration: &Migration) -> Vec<Document> {
    let mut all = Vec::new();
    // There is one step so far.
    for (collection, indexes) in initial(names) {
        all.push(doc! { "create": collection });
        if !indexes.is_empty() {
            all.push(doc! { "createIndexes": collection, "indexes": indexes });
        }
    }
    all.push(doc! { "create": &names.migrations });
    for counter in [CONFIG_REVISION, NUMBERS] {
        all.push(upsert(&names.meta, Bson::from(counter), doc! { "value": 0_i64 }));
    }
    let Migration { name, min_program, .. } = *migration;
    let note = doc! { "name": name, "min_program": min_program };
    all.push(upsert(&names.migrations, Bson::from(version), note));
    all
}

fn upsert(collection: &str, id: Bson, fields: Document) -> Document {
    doc! {
        "update": collection,
        "updates": [{ "q": { "_id": id }, "u": { "$setOnInsert": fields }, "upsert": true }],
        "writeConcern": { "w": "majority" },
    }
}
