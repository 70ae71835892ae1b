BEGIN TRANSACTION;
CREATE TABLE attempts (
    key INTEGER NOT NULL, number INTEGER NOT NULL, executor TEXT NOT NULL, queued REAL NOT NULL,
    started REAL, ended REAL, host TEXT NOT NULL, pid INTEGER, job TEXT NOT NULL,
    verdict TEXT, reason TEXT, message TEXT, traceback TEXT, data TEXT,
    ran_from REAL, ran_until REAL, ran_on TEXT, ran_as INTEGER, maxrss_kb INTEGER, cpu_s REAL,
    PRIMARY KEY (key, number)
);
INSERT INTO "attempts" VALUES(1,1,'local',1.0,NULL,2.0,'',NULL,'','succeeded','returned','','','{"x": 1}',NULL,NULL,'',NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(2,1,'local',3.0,NULL,4.0,'',NULL,'','succeeded','returned','','','{"y": 2}',NULL,NULL,'',NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(5,1,'local',3.0,NULL,4.0,'',NULL,'','discarded','raised','','','{"z": 3}',NULL,NULL,'',NULL,NULL,NULL);
CREATE TABLE contexts (
    id INTEGER PRIMARY KEY, interpreter TEXT NOT NULL, folder TEXT NOT NULL, env TEXT NOT NULL,
    UNIQUE (interpreter, folder, env)
);
INSERT INTO "contexts" VALUES(1,'/usr/bin/python3','/home/anna','[["LANG", "C"]]');
CREATE TABLE counters (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    entry INTEGER NOT NULL, frame INTEGER NOT NULL, source INTEGER NOT NULL,
    graph INTEGER NOT NULL, task INTEGER NOT NULL
);
INSERT INTO "counters" VALUES(1,8,4,0,2,7);
CREATE TABLE entries (
    key INTEGER PRIMARY KEY, graph INTEGER NOT NULL, frame INTEGER NOT NULL, copy INTEGER NOT NULL,
    node INTEGER NOT NULL, task INTEGER NOT NULL, executor TEXT NOT NULL, state TEXT NOT NULL,
    waiting INTEGER NOT NULL, dead INTEGER NOT NULL, source INTEGER NOT NULL, attempt INTEGER NOT NULL,
    result INTEGER NOT NULL, reason TEXT NOT NULL, index_ TEXT NOT NULL, iteration TEXT NOT NULL
);
INSERT INTO "entries" VALUES(1,1,1,0,0,1,'local','succeeded',0,0,0,1,1,'','[]','[]');
INSERT INTO "entries" VALUES(2,1,2,0,3,2,'local','succeeded',0,0,1,1,1,'','[0]','[]');
INSERT INTO "entries" VALUES(3,1,2,1,3,2,'local','goahead',0,0,1,0,0,'','[1]','[]');
INSERT INTO "entries" VALUES(4,1,1,0,2,3,'local','waiting',1,0,0,0,0,'','[]','[]');
INSERT INTO "entries" VALUES(5,2,3,0,0,4,'local','discarded',0,0,0,1,1,'raised','[]','[]');
INSERT INTO "entries" VALUES(6,2,3,0,1,5,'local','goahead',0,0,0,0,0,'','[]','[]');
INSERT INTO "entries" VALUES(7,2,3,0,3,6,'local','axed',1,1,0,0,0,'an ancestor was discarded','[]','[]');
INSERT INTO "entries" VALUES(8,2,3,0,4,7,'local','axed',1,1,0,0,0,'an ancestor was discarded','[]','[]');
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, key INTEGER NOT NULL,
    attempt INTEGER NOT NULL, body TEXT NOT NULL
);
INSERT INTO "events" VALUES(1,0.0,'submitted',0,0,'{"tasks":["a","b","c"]}');
INSERT INTO "events" VALUES(2,0.0,'submitted',0,0,'{"tasks":["d","e","f","g"]}');
INSERT INTO "events" VALUES(3,1.0,'admitted',1,0,'{}');
INSERT INTO "events" VALUES(4,2.0,'ended',1,1,'{"verdict":"succeeded","reason":"returned","message":""}');
INSERT INTO "events" VALUES(5,3.0,'admitted',2,0,'{}');
INSERT INTO "events" VALUES(6,4.0,'ended',2,1,'{"verdict":"succeeded","reason":"returned","message":""}');
INSERT INTO "events" VALUES(7,3.0,'admitted',5,0,'{}');
INSERT INTO "events" VALUES(8,4.0,'ended',5,1,'{"verdict":"discarded","reason":"raised","message":""}');
CREATE TABLE frames (
    id INTEGER PRIMARY KEY, graph INTEGER NOT NULL, frame INTEGER NOT NULL, copy INTEGER NOT NULL,
    node INTEGER NOT NULL, scope INTEGER NOT NULL, copies INTEGER NOT NULL, state TEXT NOT NULL,
    waiting INTEGER NOT NULL, dead INTEGER NOT NULL, open INTEGER NOT NULL, lost INTEGER NOT NULL,
    source INTEGER NOT NULL, output INTEGER NOT NULL, index_ TEXT NOT NULL, iteration TEXT NOT NULL
);
INSERT INTO "frames" VALUES(1,1,0,0,-1,0,1,'open',0,0,1,0,0,0,'[]','[]');
INSERT INTO "frames" VALUES(2,1,1,0,1,1,2,'open',0,0,1,0,1,0,'[]','[]');
INSERT INTO "frames" VALUES(3,2,0,0,-1,0,1,'open',0,0,2,2,0,0,'[]','[]');
INSERT INTO "frames" VALUES(4,2,3,0,2,-1,0,'axed',2,1,0,0,0,0,'[]','[]');
CREATE TABLE lease (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL, held INTEGER NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
    start INTEGER NOT NULL, boot TEXT NOT NULL, beat INTEGER NOT NULL
);
INSERT INTO "lease" VALUES(1,0,0,'',0,0,'',0);
CREATE TABLE nodes (
    graph INTEGER NOT NULL, node INTEGER NOT NULL, body TEXT NOT NULL, task INTEGER,
    PRIMARY KEY (graph, node)
) WITHOUT ROWID;
INSERT INTO "nodes" VALUES(1,0,'{"index":0,"scope":0,"kind":{"task":0,"is":"task"},"parents":[],"children":[1],"last":false}',1);
INSERT INTO "nodes" VALUES(1,1,'{"index":1,"scope":0,"kind":{"body":1,"width":2,"label":"StaticWidthGroup(b, width=2)","is":"width"},"parents":[{"parent":0,"ports":null}],"children":[2],"last":false}',NULL);
INSERT INTO "nodes" VALUES(1,2,'{"index":2,"scope":0,"kind":{"task":2,"is":"task"},"parents":[{"parent":1,"ports":null}],"children":[],"last":true}',3);
INSERT INTO "nodes" VALUES(1,3,'{"index":3,"scope":1,"kind":{"task":1,"is":"task"},"parents":[],"children":[],"last":true}',2);
INSERT INTO "nodes" VALUES(2,0,'{"index":0,"scope":0,"kind":{"task":0,"is":"task"},"parents":[],"children":[2],"last":false}',4);
INSERT INTO "nodes" VALUES(2,1,'{"index":1,"scope":0,"kind":{"task":1,"is":"task"},"parents":[],"children":[2],"last":false}',5);
INSERT INTO "nodes" VALUES(2,2,'{"index":2,"scope":0,"kind":{"is":"join"},"parents":[{"parent":0,"ports":null},{"parent":1,"ports":null}],"children":[3,4],"last":false}',NULL);
INSERT INTO "nodes" VALUES(2,3,'{"index":3,"scope":0,"kind":{"task":2,"is":"task"},"parents":[{"parent":2,"ports":null}],"children":[],"last":true}',6);
INSERT INTO "nodes" VALUES(2,4,'{"index":4,"scope":0,"kind":{"task":3,"is":"task"},"parents":[{"parent":2,"ports":null}],"children":[],"last":true}',7);
CREATE TABLE scopes (
    graph INTEGER NOT NULL, scope INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (graph, scope)
) WITHOUT ROWID;
INSERT INTO "scopes" VALUES(1,0,'{"index":0,"nodes":[0,1,2],"first":[0],"last":[2]}');
INSERT INTO "scopes" VALUES(1,1,'{"index":1,"nodes":[3],"first":[3],"last":[3]}');
INSERT INTO "scopes" VALUES(2,0,'{"index":0,"nodes":[0,1,2,3,4],"first":[0,1],"last":[3,4]}');
CREATE TABLE sources (id INTEGER PRIMARY KEY, keys TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE stops (
    key INTEGER NOT NULL, attempt INTEGER NOT NULL, executor TEXT NOT NULL, why TEXT NOT NULL,
    PRIMARY KEY (key, attempt)
) WITHOUT ROWID;
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, code TEXT NOT NULL, func TEXT NOT NULL, args TEXT NOT NULL,
    resources TEXT NOT NULL, executor TEXT NOT NULL, context INTEGER NOT NULL, folder TEXT
);
INSERT INTO "tasks" VALUES(1,'a','/scripts/a.py','main','{}','1:local:1m','local',1,NULL);
INSERT INTO "tasks" VALUES(2,'b','/scripts/b.py','main','{}','1:local:1m','local',1,NULL);
INSERT INTO "tasks" VALUES(3,'c','/scripts/c.py','main','{}','1:local:1m','local',1,NULL);
INSERT INTO "tasks" VALUES(4,'d','/scripts/d.py','main','{}','1:local:1m','local',1,NULL);
INSERT INTO "tasks" VALUES(5,'e','/scripts/e.py','main','{}','1:local:1m','local',1,NULL);
INSERT INTO "tasks" VALUES(6,'f','/scripts/f.py','main','{}','1:local:1m','local',1,NULL);
INSERT INTO "tasks" VALUES(7,'g','/scripts/g.py','main','{}','1:local:1m','local',1,NULL);
CREATE UNIQUE INDEX entries_place ON entries (frame, copy, node);
CREATE INDEX entries_node ON entries (graph, node);
CREATE INDEX entries_ready ON entries (executor, key) WHERE state = 'goahead';
CREATE INDEX entries_active ON entries (executor, key) WHERE state IN ('queueing', 'running');
CREATE INDEX entries_state ON entries (state);
CREATE INDEX frames_place ON frames (frame, copy, node);
CREATE INDEX events_key ON events (key) WHERE key > 0;
COMMIT;
PRAGMA user_version = 1;
