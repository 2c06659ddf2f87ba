-- The tile cache. application_id is "KTTC". "tiles" and "metadata" have the columns of MBTiles 1.3 and some more.
PRAGMA application_id = 0x4b545443;
PRAGMA user_version = 1;

CREATE TABLE metadata (name TEXT, value TEXT);
INSERT INTO metadata VALUES ('name', 'tile cache'), ('type', 'baselayer'), ('version', '1');

CREATE TABLE source (
	id          INTEGER PRIMARY KEY,
	name        TEXT    NOT NULL UNIQUE,
	fingerprint TEXT    NOT NULL,
	tiles       INTEGER NOT NULL DEFAULT 0, -- kept by the triggers below
	bytes       INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE tiles (
	id          INTEGER PRIMARY KEY,
	source      INTEGER NOT NULL REFERENCES source (id),
	zoom_level  INTEGER NOT NULL,
	tile_column INTEGER NOT NULL,
	tile_row    INTEGER NOT NULL, -- from the south
	etag        TEXT    NOT NULL,
	modified    TEXT    NOT NULL,
	fetched     INTEGER NOT NULL, -- Unix seconds, as the next two
	fresh_until INTEGER NOT NULL,
	used        INTEGER NOT NULL,
	size        INTEGER NOT NULL, -- what it counts against the quota
	tile_data   BLOB,             -- none: the server has no such tile
	UNIQUE (source, zoom_level, tile_column, tile_row)
);
CREATE INDEX tiles_used ON tiles (used, id);

CREATE TABLE documents (
	source  INTEGER NOT NULL REFERENCES source (id),
	name    TEXT    NOT NULL,
	fetched INTEGER NOT NULL,
	body    BLOB    NOT NULL,
	PRIMARY KEY (source, name)
);

CREATE TRIGGER tiles_in AFTER INSERT ON tiles BEGIN
	UPDATE source SET tiles = tiles + 1, bytes = bytes + new.size WHERE id = new.source;
END;
CREATE TRIGGER tiles_out AFTER DELETE ON tiles BEGIN
	UPDATE source SET tiles = tiles - 1, bytes = bytes - old.size WHERE id = old.source;
END;
CREATE TRIGGER tiles_size AFTER UPDATE OF size ON tiles BEGIN
	UPDATE source SET bytes = bytes + new.size - old.size WHERE id = new.source;
END;
