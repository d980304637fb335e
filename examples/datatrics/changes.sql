-- What an application does. Each paragraph is one transaction; the requests it makes are in expected/, by its number.

-- 1: not known, and known but on another page: nothing is sent.
insert into profiles (profileid, email, gender, last_page, visits) values
  ('5f1c8a52-0000-4000-8000-000000000001', null, null, '/pricing', 1),
  ('5f1c8a52-0000-4000-8000-000000000002', 'ann+shop@example.com', 'f', '/', 1);

-- 2: she comes to the page.
update profiles set last_page = '/pricing/teams', visits = visits + 1, notes = 'never sent' where gender = 'f';

-- 3: another page of the kind: no new visit to it.
update profiles set last_page = '/pricing/solo' where gender = 'f';

-- 4: a visitor becomes known while on it, and has no gender.
update profiles set email = 'bob@example.com' where email is null;

-- 5: she leaves, and comes to the page again, within the restart timeout: nothing is sent.
begin;
update profiles set last_page = '/' where gender = 'f';
update profiles set last_page = '/pricing' where gender = 'f';
commit;

-- 6: somebody else comes to it for the first time.
insert into profiles (profileid, email, last_page, visits) values ('5f1c8a52-0000-4000-8000-000000000003', 'cy@example.com', '/pricing', 1);
