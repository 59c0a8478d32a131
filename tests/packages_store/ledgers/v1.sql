-- ledger.db as version 1 of its schema made it, with what a small import left in it.
-- Single facts: the last good config.json, how far the search index is, what has been adopted, and memory files of
-- ours that are still to be removed (removed:<kind>/<file name>).
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- One row per stage, in order. 'running' is only ever true together with the in-memory lock.
CREATE TABLE stages (
    position INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    interruption TEXT,
    reason TEXT,
    interrupted_count INTEGER NOT NULL DEFAULT 0,
    started_at TEXT,
    ended_at TEXT,
    retry_at TEXT,
    -- How often work was asked for, and how many of these the last run knew of: more asked than known = not done.
    requested INTEGER NOT NULL DEFAULT 1,
    planned INTEGER NOT NULL DEFAULT 0,
    -- Item ids that an adopted checkpoint.json named and that no item of ours answers to; kept as they were.
    foreign_processed TEXT NOT NULL DEFAULT '[]',
    foreign_failed TEXT NOT NULL DEFAULT '[]'
) STRICT;

-- Each time a stage is run; the number is the generation that fences late results.
CREATE TABLE runs (
    generation INTEGER PRIMARY KEY AUTOINCREMENT,
    stage TEXT NOT NULL,
    boot_id TEXT NOT NULL, pid INTEGER NOT NULL, start_ticks INTEGER NOT NULL, instance TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;

-- The plan of each stage and how each item ended. "end" is NULL while the item is left to do.
-- end = 'claimed' is a claim: its owner stands in the run of that generation.
CREATE TABLE items (
    key INTEGER PRIMARY KEY,
    stage TEXT NOT NULL,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,
    label TEXT,
    "end" TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    interrupted INTEGER NOT NULL DEFAULT 0,
    generation INTEGER,
    fingerprint TEXT,
    planned_fingerprint TEXT,
    reason TEXT,
    UNIQUE (stage, id)
) STRICT;
CREATE INDEX items_claimed ON items (stage) WHERE "end" = 'claimed';

-- Results that came after their claim had ended: evidence, never applied.
CREATE TABLE late_results (
    stage TEXT NOT NULL, item_id TEXT NOT NULL, attempt INTEGER NOT NULL, generation INTEGER NOT NULL,
    at TEXT NOT NULL
) STRICT;

CREATE TABLE repairs (
    key INTEGER PRIMARY KEY,
    at TEXT NOT NULL, subject TEXT NOT NULL, found TEXT NOT NULL, done TEXT NOT NULL, advice TEXT NOT NULL,
    owner TEXT, processed INTEGER NOT NULL, failed INTEGER NOT NULL, interrupted_items INTEGER NOT NULL,
    times INTEGER NOT NULL
) STRICT;

-- Every file that was handed in, one row per arrival, in order of arrival; equal bytes share uploads/<sha256>.
CREATE TABLE uploads (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    origin TEXT NOT NULL,
    -- size:mtime_ns:inode of the file in the drop folder when it was taken.
    identity TEXT,
    arrived_at TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    duplicate_of TEXT,
    platform TEXT,
    ignored TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX uploads_sha256 ON uploads (sha256);
CREATE INDEX uploads_origin ON uploads (origin);

-- The files inside an upload that hold chats. "report" is the account of what was found, NULL until converted.
CREATE TABLE sources (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    upload_id TEXT NOT NULL REFERENCES uploads (id),
    member TEXT,
    platform TEXT NOT NULL, parser TEXT NOT NULL, variant TEXT NOT NULL,
    size INTEGER NOT NULL,
    report TEXT,
    new INTEGER NOT NULL DEFAULT 0, updated INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0, older INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX sources_upload ON sources (upload_id);

CREATE TABLE conversations (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    platform TEXT NOT NULL,
    title TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    first_message_at TEXT NOT NULL,
    last_message_at TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    revision INTEGER NOT NULL,
    message_count INTEGER NOT NULL,
    -- The source that brought it first, and the one that changed it last.
    first_source TEXT NOT NULL,
    last_source TEXT NOT NULL,
    excluded INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX conversations_first ON conversations (first_message_at);

CREATE TABLE messages (
    -- Never used twice: the search index knows messages by their key.
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    reasoning TEXT,
    model TEXT,
    created_at TEXT NOT NULL,
    time_inferred INTEGER NOT NULL DEFAULT 0,
    -- Hash of everything a memory could rest on.
    hash INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_conversation ON messages (conversation, position);

-- Filled behind the work, up to the message key in facts('indexed_to'); only the triggers below keep it honest.
CREATE VIRTUAL TABLE messages_index USING fts5 (
    content, content='messages', content_rowid='key', tokenize="unicode61 remove_diacritics 2"
);
INSERT INTO facts VALUES ('indexed_to', '0');
CREATE TRIGGER messages_unindexed AFTER DELETE ON messages
WHEN old.key <= (SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'indexed_to')
BEGIN
    INSERT INTO messages_index (messages_index, rowid, content) VALUES ('delete', old.key, old.content);
END;

CREATE TABLE tags (
    conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (conversation, tag)
) STRICT, WITHOUT ROWID;

-- Memory texts. Files under memories/ are written from here; 'adopted' ones only ever read.
CREATE TABLE memories (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    date TEXT NOT NULL,
    file_name TEXT NOT NULL,
    body TEXT NOT NULL,
    origin TEXT NOT NULL,
    conversation_ids TEXT NOT NULL,
    message_ids TEXT NOT NULL,
    -- The item that made it, for replacing it when the item is done again.
    item_id TEXT NOT NULL,
    -- Hash of the body that the graph knows, NULL when it knows none.
    graphed TEXT,
    UNIQUE (kind, file_name)
) STRICT;
CREATE INDEX memories_item ON memories (kind, item_id);

-- What each batch of memories says, as JSON; graph.db is consolidated from these.
CREATE TABLE graph_facts (
    key INTEGER PRIMARY KEY,
    batch TEXT NOT NULL UNIQUE,
    facts TEXT NOT NULL
) STRICT;

-- What a small import left behind.
INSERT INTO facts VALUES ('config', '{"entityName": "Wren"}');
INSERT INTO stages (position, name, status) VALUES (0, 'upload', 'completed'), (1, 'convert', 'completed'),
    (2, 'commit', 'completed'), (3, 'significant', 'running'), (4, 'daily', 'pending'), (5, 'graph', 'pending');
INSERT INTO uploads (id, name, sha256, size, origin, arrived_at, outcome, platform)
    VALUES ('u1', 'conversations.json', 'ab', 2, 'cli', '2026-01-01T00:00:00.000Z', 'imported', 'chatgpt');
INSERT INTO sources (id, upload_id, platform, parser, variant, size)
    VALUES ('u1:', 'u1', 'chatgpt', 'chatgpt', 'array', 2);
INSERT INTO conversations (id, platform, title, created_at, updated_at, first_message_at, last_message_at, content_hash,
    revision, message_count, first_source, last_source)
    VALUES ('c1', 'chatgpt', 'Tea', '2026-01-01T00:00:00.000Z', '2026-01-01T00:01:00.000Z', '2026-01-01T00:00:00.000Z',
    '2026-01-01T00:01:00.000Z', 'hash', 1, 2, 'u1:', 'u1:');
INSERT INTO messages (conversation, position, id, role, content, created_at, hash)
    VALUES (1, 0, 'c1:m1', 'user', 'Shall I make tea?', '2026-01-01T00:00:00.000Z', 11),
    (1, 1, 'c1:m2', 'assistant', 'Do.', '2026-01-01T00:01:00.000Z', 12);
INSERT INTO tags VALUES (1, 'kettle');
INSERT INTO memories (id, kind, date, file_name, body, origin, conversation_ids, message_ids, item_id)
    VALUES ('daily:2026-01-01', 'daily', '2026-01-01', '2026-01-01_entity-loom.md', '# Daily Memory - 2026-01-01',
    'offline', '["c1"]', '["c1:m1"]', '2026-01-01');
PRAGMA user_version = 1;
