-- What an application does. Each paragraph is one transaction; the requests it makes are in expected/, by its number.

-- 1
insert into profiles (email, first_name, last_name, user_id)
  values ('jrose@acme.com', 'Juliet', 'Rose', '0e223bd4-1324-49ff-b948-122eeaaa42d1');

-- 2
update profiles set country = 'United States' where email = 'jrose@acme.com';

-- 3
update profiles set country_visible = false where email = 'jrose@acme.com';

-- 4
delete from profiles where email = 'jrose@acme.com';
