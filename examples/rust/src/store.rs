//! The store: one table and one primitive, compare and swap.

use std::{error::Error, fmt, fs::OpenOptions, path::Path, time::Duration};

use evergrant::{Revision, SecretBytes, StoreKey, Stored, Write};
use rusqlite::{Connection, OptionalExtension as _, params};

/// All that evergrant asks of a store. Whatever can do this safely will do:
/// a database, a key-value store, an object store, a locked file.
pub trait Store {
    /// If the revision of `key` equals `expected`, stores `write`; either way
    /// answers with what is there now. Without a `write` it is a read.
    ///
    /// # Errors
    /// When the store cannot say what is there. The write may have taken place
    /// all the same: the machine looks again.
    fn swap(
        &mut self,
        key: &StoreKey,
        expected: Option<&Revision>,
        write: Option<&Write>,
    ) -> Result<Option<Stored>, StoreError>;

    /// Whether no other process can have this store open: whoever wrote to it
    /// before is dead then.
    fn is_alone(&self) -> bool {
        false
    }
}

/// Why a store did not answer.
#[derive(Debug)]
pub struct StoreError(Box<dyn Error + Send + Sync>);

/// Records in an SQLite file. Any number of processes may use it at once, but
/// never over a network file system or in a synchronised folder.
#[derive(Debug)]
pub struct SqliteStore {
    db: Connection,
    alone: bool,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS record (
        key TEXT PRIMARY KEY, rev INTEGER NOT NULL, bytes BLOB NOT NULL,
        due_at INTEGER, purge_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS due ON record (due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS purge ON record (purge_at) WHERE purge_at IS NOT NULL;
";

impl SqliteStore {
    /// Opens the file, or makes it so that only its owner can read it.
    ///
    /// # Errors
    /// If the file cannot be made or is no database.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut file = OpenOptions::new();
        file.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
        file.open(path).map_err(StoreError::new)?;
        let db = Connection::open(path)?;
        // Shorter than the time within which a refresh must leave: a store
        // that is busy for longer is as good as silent.
        db.busy_timeout(Duration::from_secs(2))?;
        // An acknowledged write must survive a power cut, or a refresh token
        // that the server has already replaced would come back.
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.execute_batch(SCHEMA)?;
        Ok(Self { db, alone: false })
    }

    /// As [`SqliteStore::open`], for the only process that uses this file: others
    /// cannot read or write it until this one has ended, however it ends.
    ///
    /// # Errors
    /// As [`SqliteStore::open`], and while another process has the file open.
    pub fn open_alone(path: &Path) -> Result<Self, StoreError> {
        let Self { db, .. } = Self::open(path)?;
        db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        // The lock is taken with the first write, and kept from then on.
        db.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
        Ok(Self { db, alone: true })
    }

    /// The connections that want a step by this time, the earliest first: what
    /// a fleet would claim its work from. It carries no safety.
    ///
    /// # Errors
    /// If the store does not answer.
    pub fn due(&self, now: u64) -> Result<Vec<String>, StoreError> {
        let mut rows =
            self.db.prepare("SELECT key FROM record WHERE due_at <= ?1 ORDER BY due_at")?;
        let keys = rows.query_map([integer(now)], |row| row.get(0))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// Deletes what nobody can need any more; answers how many records.
    ///
    /// # Errors
    /// If the store does not answer.
    pub fn purge(&mut self, now: u64) -> Result<usize, StoreError> {
        Ok(self.db.execute("DELETE FROM record WHERE purge_at <= ?1", [integer(now)])?)
    }
}

impl Store for SqliteStore {
    fn swap(
        &mut self,
        key: &StoreKey,
        expected: Option<&Revision>,
        write: Option<&Write>,
    ) -> Result<Option<Stored>, StoreError> {
        if let Some(Write { bytes, due_at, purge_at }) = write {
            let (due_at, purge_at) = (due_at.map(integer), purge_at.map(integer));
            // One statement each, committed by itself: nothing can come between
            // the comparison and the write.
            match expected {
                Some(revision) => self.db.execute(
                    "UPDATE record SET rev = rev + 1, bytes = ?1, due_at = ?2, purge_at = ?3
                     WHERE key = ?4 AND CAST(rev AS TEXT) = ?5",
                    params![bytes.expose(), due_at, purge_at, key.as_str(), revision.as_str()],
                )?,
                None => self.db.execute(
                    "INSERT INTO record (key, rev, bytes, due_at, purge_at)
                     VALUES (?1, 1, ?2, ?3, ?4) ON CONFLICT (key) DO NOTHING",
                    params![key.as_str(), bytes.expose(), due_at, purge_at],
                )?,
            };
        }
        let row = self.db.query_row(
            "SELECT rev, bytes FROM record WHERE key = ?1",
            [key.as_str()],
            |row| {
                let revision = Revision::new(row.get::<_, i64>(0)?.to_string());
                // The file's clock is this machine's own, which the core compares better.
                let bytes = SecretBytes::new(row.get::<_, Vec<u8>>(1)?);
                Ok(Stored { revision, bytes, age: None })
            },
        );
        Ok(row.optional()?)
    }

    fn is_alone(&self) -> bool {
        self.alone
    }
}

impl StoreError {
    /// Takes the store's own error over.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store does not answer: {}", self.0)
    }
}

impl Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(error)
    }
}

fn integer(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
