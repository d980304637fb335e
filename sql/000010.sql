-- Traces: the W3C traceparent that a change came with, which its deliveries go on with however late they are sent.

alter table parked add column trace text;
alter table dead add column trace text;
