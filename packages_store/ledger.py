"""The tables of ledger.db, the package's working memory and its truth.

A result and the mark that says it is done are one transaction in this file; everything else in the package's folder is
input or can be written again from here. Rows are added in the order of the work, so that what one item costs to write
does not grow with the number of items.
"""

from packages_store.sqlite import Schema

_ANSWERS = """
    -- What language models answered, before anybody looked at it.
    CREATE TABLE answers (
        key INTEGER PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        stage TEXT NOT NULL, item TEXT NOT NULL, prompt TEXT NOT NULL, model TEXT NOT NULL,
        at TEXT NOT NULL,
        text TEXT NOT NULL,
        finish TEXT NOT NULL,
        input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
        -- US dollars as a decimal number, NULL when the price is not known.
        cost TEXT,
        -- NULL while nobody has looked at it, '' when it was accepted, else why it was not.
        verdict TEXT
    ) STRICT;
    CREATE INDEX answers_fingerprint ON answers (fingerprint);
    CREATE INDEX answers_at ON answers (at);"""

_PIPELINE = """
    -- What a person made of memories: each text that one of them had before it was changed, oldest first.
    CREATE TABLE memory_versions (
        key INTEGER PRIMARY KEY,
        memory_id TEXT NOT NULL,
        at TEXT NOT NULL,
        -- Why it is no longer the text: 'edited', 'replaced', 'deleted', 'restored'.
        why TEXT NOT NULL,
        title TEXT NOT NULL, body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX memory_versions_memory ON memory_versions (memory_id);

    -- The memories that are in the package.
    CREATE VIEW memories_here AS SELECT * FROM memories WHERE NOT deleted AND NOT away;

    -- What the quality gate holds back until a person says 'kept' or 'dropped'; 'open' until then.
    CREATE TABLE doubts (
        key INTEGER PRIMARY KEY,
        -- Made of the content, so that a decision counts for the same content only.
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL, item TEXT NOT NULL, date TEXT NOT NULL,
        -- Its place among what the item gave.
        position INTEGER NOT NULL,
        reasons TEXT NOT NULL,
        -- The memory that it nearly repeats, NULL for every other reason.
        repeats TEXT,
        -- JSON: the memory as it would be filed.
        memory TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'open'
    ) STRICT;
    CREATE INDEX doubts_item ON doubts (kind, item);

    -- Two nodes of a type whose names are alike: 'open', or what a person said, 'same' or 'different'.
    CREATE TABLE pairs (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL, one TEXT NOT NULL, other TEXT NOT NULL,
        reason TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'open'
    ) STRICT;

    -- What a person changed in the graph, in order; applied anew on top of each consolidation.
    CREATE TABLE graph_edits (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        act TEXT NOT NULL,
        arguments TEXT NOT NULL
    ) STRICT;"""

_REVIEW = """
    -- What a person wrote in place of a message; the message itself stays as it came.
    CREATE TABLE message_edits (
        conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
        message TEXT NOT NULL,
        content TEXT NOT NULL,
        -- What stood there when it was edited, so that a source that changed since can be told.
        original TEXT NOT NULL,
        at TEXT NOT NULL,
        -- Hash of "content".
        hash INTEGER NOT NULL,
        PRIMARY KEY (conversation, message)
    ) STRICT, WITHOUT ROWID;

    -- Named sets of tags, each tag with the name of a colour.
    CREATE TABLE palette (
        tag_set TEXT NOT NULL, position INTEGER NOT NULL, tag TEXT NOT NULL, colour TEXT NOT NULL,
        PRIMARY KEY (tag_set, tag)
    ) STRICT, WITHOUT ROWID;

    -- What a companion that has chats of its own would take of each conversation (comparing.py).
    CREATE TABLE comparison (
        conversation INTEGER PRIMARY KEY REFERENCES conversations (key) ON DELETE CASCADE,
        state TEXT NOT NULL, added INTEGER NOT NULL, passed_over INTEGER NOT NULL, different INTEGER NOT NULL
    ) STRICT;

    -- Indexed messages in which words are not told apart by blanks: the index finds no part of such text.
    CREATE TABLE messages_unspaced (
        key INTEGER PRIMARY KEY REFERENCES messages (key) ON DELETE CASCADE
    ) STRICT;"""

LEDGER = Schema(
    version=3,
    upgrades={
        1: """
        ALTER TABLE uploads ADD COLUMN missing TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE conversations ADD COLUMN instructions TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE conversations ADD COLUMN provisional INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX conversations_provisional ON conversations (platform) WHERE provisional;
        ALTER TABLE messages ADD COLUMN edition INTEGER NOT NULL DEFAULT 3;
        ALTER TABLE messages ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE memories ADD COLUMN requests TEXT NOT NULL DEFAULT '[]';
        """
        + _ANSWERS,
        2: """
        -- Memories a person has touched, and what can be traced.
        ALTER TABLE memories ADD COLUMN title TEXT NOT NULL DEFAULT '';
        ALTER TABLE memories ADD COLUMN passages TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE memories ADD COLUMN base TEXT;
        ALTER TABLE memories ADD COLUMN proposal TEXT;
        ALTER TABLE memories ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE memories ADD COLUMN away INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE graph_facts ADD COLUMN learned_at TEXT NOT NULL DEFAULT '';
        ALTER TABLE graph_facts ADD COLUMN confirmed_at TEXT NOT NULL DEFAULT '';
        ALTER TABLE graph_facts ADD COLUMN away INTEGER NOT NULL DEFAULT 0;

        -- Review before commit.
        ALTER TABLE conversations ADD COLUMN characters INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE conversations ADD COLUMN edits_hash TEXT;
        UPDATE conversations SET characters =
            (SELECT coalesce(sum(length(content)), 0) FROM messages WHERE conversation = conversations.key);
        """  # noqa: S608 - constants only
        + _PIPELINE
        + _REVIEW
        # Some more than have to be: nobody waits for a look at every letter.
        + " INSERT INTO messages_unspaced"
        + " SELECT key FROM messages WHERE length(content) < length(CAST(content AS BLOB));",
    },
    script="""
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
        ignored TEXT NOT NULL DEFAULT '[]',
        missing TEXT NOT NULL DEFAULT '[]'
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
        characters INTEGER NOT NULL DEFAULT 0,
        -- The source that brought it first, and the one that changed it last.
        first_source TEXT NOT NULL,
        last_source TEXT NOT NULL,
        excluded INTEGER NOT NULL DEFAULT 0,
        -- JSON list: system prompts, custom instructions and saved memories, which are never turns.
        instructions TEXT NOT NULL DEFAULT '[]',
        -- Put together by us: see model.Conversation.
        provisional INTEGER NOT NULL DEFAULT 0,
        -- Hash of the edits of its messages, NULL when there is none.
        edits_hash TEXT
    ) STRICT;
    CREATE INDEX conversations_provisional ON conversations (platform) WHERE provisional;
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
        -- How it came to us (model.Edition), and whether the latest export no longer holds it.
        edition INTEGER NOT NULL DEFAULT 3,
        gone INTEGER NOT NULL DEFAULT 0,
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
        -- JSON list: the fingerprints of the requests to a model (answers) that it came from.
        requests TEXT NOT NULL DEFAULT '[]',
        -- Hash of the body that the graph knows, NULL when it knows none.
        graphed TEXT,
        title TEXT NOT NULL DEFAULT '',
        -- JSON list: the lines of a day with the messages that each of them rests on.
        passages TEXT NOT NULL DEFAULT '[]',
        -- What its stage said last, when a person has edited the body; and what it would say now, as JSON.
        base TEXT,
        proposal TEXT,
        -- Deleted by a person; or its item is no more, such as a conversation that was left out.
        deleted INTEGER NOT NULL DEFAULT 0,
        away INTEGER NOT NULL DEFAULT 0,
        UNIQUE (kind, file_name)
    ) STRICT;
    CREATE INDEX memories_item ON memories (kind, item_id);

    -- What each batch of memories says, as JSON; graph.db is consolidated from these.
    CREATE TABLE graph_facts (
        key INTEGER PRIMARY KEY,
        batch TEXT NOT NULL UNIQUE,
        facts TEXT NOT NULL,
        -- When we first heard of it and when we were told last: the time of the import, not of what happened.
        learned_at TEXT NOT NULL DEFAULT '',
        confirmed_at TEXT NOT NULL DEFAULT '',
        -- The batch is no more; it may come back.
        away INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    """  # noqa: S608 - constants only
    + _ANSWERS
    + _PIPELINE
    + _REVIEW,
)
