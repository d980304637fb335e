-- What several workers share (`engine`): who delivers which partitions, and what people did elsewhere.

-- Which worker has a partition of the engine's topic. Taking one over ends what its holder may write.
create table assignment (
  slot text collate "C",
  partition integer,
  -- a row of owner that is the worker's own, named by its slot column: gone once another has taken over. Null: let go of
  holder text,
  primary key (slot, partition)
);

-- Counts what was put into parked, or taken out of it, by others than those who deliver: a queue reads it again then.
alter table endpoint add column touched bigint not null default 0;
