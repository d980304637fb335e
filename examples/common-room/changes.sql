-- What an application does. Each paragraph is one transaction; the requests it makes are in expected/, by its number.

-- 1: segments and tags are of no interest by themselves.
begin;
insert into segments values (72602171, 'Test Segment');
insert into tags values (70790368, 'Test Tag');
commit;

-- 2: a new organization.
insert into organizations values
  (1, 'TechWrite Solutions', 'techwritesolutions.com', 'Austin', 'Texas', 'USA', 'https://www.example.com/logo/1d387064a52ba82a.png');

-- 3: a new member, with all that belongs to her.
begin;
insert into contacts values
  (1, 'Marion Sanford', 'marionsanford@example.com', 'https://www.example.com/avatar/1d387064a52ba82a.png', 'Technical Writer',
   'Technical Communications', 1, '2023-04-17 10:21:26.978+00', 'YouTube', '2023-04-17 10:21:26.978+00', 'LinkedIn');
insert into contact_emails values (1, 'marionsanford@example.com');
insert into contact_accounts values
  (1, 'linkedin', 'in/msanford', 'https://linkedin.com/in/msanford'),
  (1, 'twitter', 'msanford', 'https://twitter.com/i/user/12345678'),
  (1, 'github', 'msanford', 'https://github.com/msanford'),
  (1, 'discord', 'msanford#1234', 'https://discord.com/users/msanford#12345678'),
  (1, 'youtube', 'msanford', 'https://www.youtube.com/channel/msanford');
insert into contact_segments values (1, 72602171);
insert into contact_tags values (1, 70790368);
commit;

-- 4: a new activity of hers.
begin;
insert into activities values
  (1, 1, 'DiscordThreadCreated', 'Discord', 'Title of parent thread', 'New Thread Name', 1234, 'dm_1234567',
   'https://discord.com/channels/12345/67890/threads/98765', '2023-04-17 10:21:26.978+00', '{Product Question}', 'Positive', '{api,documentation}');
insert into activity_tags values (1, 70790368);
commit;

-- 5: an update is nothing new.
update contacts set last_seen_at = '2023-04-18 08:00:00+00' where id = 1;

-- 6: a member of whom little is known, and one with two of everything.
begin;
insert into contacts (id, full_name) values (2, 'Ann "A" Öz');
insert into segments values (5, 'Early adopters');
insert into tags values (6, 'VIP');
insert into contacts (id, full_name, primary_email) values (3, 'Bob', 'bob@example.com');
insert into contact_emails values (3, 'bob@example.com'), (3, 'b@example.org');
insert into contact_segments values (3, 72602171), (3, 5);
insert into contact_tags values (3, 6), (3, 70790368);
commit;

-- 7: two organizations at once, and an activity of little detail.
begin;
insert into organizations (id, name) values (2, 'Nameless'), (3, 'Örn & Co');
insert into activities (id, contact_id, activity_type, service_name, happened_at) values (2, 2, 'PageView', 'Web', '2023-04-17 23:59:59.9999+00');
commit;
