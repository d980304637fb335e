-- breaking
-- Requests of every shape: what a hook's templates made of a delivery is kept until it is sent.

-- The hook's own headers, as JSON text: [["name","value"],…], in order. Null where it has none. Not jsonb, which nobody asks
-- for a single header, and which refuses some text.
alter table parked add column headers text;
alter table dead add column headers text;

-- Null: the body is pairs for the URL's query.
alter table parked alter column content_type drop not null;
alter table dead alter column content_type drop not null;
