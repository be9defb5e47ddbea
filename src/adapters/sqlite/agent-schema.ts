import type { FileKind } from './open-file.ts'

/**
 * `terms` holds every capability with all its ancestors, every language tag with all its prefixes, every protocol, and every fact that a skill puts out, so that a query for a prefix is an exact
 * one. `texts` keeps no copy of the text, only the index; its words come prepared, the tokenizer merely splits them.
 */
export const agentSchema: FileKind = {
  // "HanA"
  applicationId: 0x48616e41,
  schema: [
    `CREATE TABLE agents (
       rid INTEGER PRIMARY KEY,
       id TEXT NOT NULL UNIQUE,
       registered INTEGER NOT NULL,
       record BLOB NOT NULL,
       signed BLOB NOT NULL,
       description BLOB NOT NULL,
       gateway TEXT NOT NULL DEFAULT '',
       status_at INTEGER NOT NULL DEFAULT 0
     );
     CREATE TABLE terms (term TEXT NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (term, rid)) WITHOUT ROWID;
     CREATE VIRTUAL TABLE texts USING fts5(body, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 0", prefix='2 3')`
  ]
}
