-- What an application does. Each paragraph is one transaction; the requests it makes are in expected/, by its number.

-- 1: nothing is sent, for nothing is updated.
begin;
insert into profiles values (123, 1, 'Johny', 'johny@example.com', '{blue}', '1979-02-12 12:49:23+00', '1979-02-12 12:49:23+00');
insert into subprofiles values (12, 123, 1, 2, 'Bicycle', 1249.50, null, '1979-02-12 12:49:23+00', '1979-02-12 12:49:23+00');
commit;

-- 2: a new address.
update profiles set mail = 'johny+newemail@example.com', modified = '1979-02-13 08:00:00+00' where id = 123;

-- 3: a list, in which what is escaped stands too.
update profiles set interests = '{blue,"red & white",größe}', modified = '1979-02-13 09:00:00+00' where id = 123;

-- 4: what no receiver is told: `modified` alone.
update profiles set modified = '1979-02-13 10:00:00+00' where id = 123;

-- 5: a subprofile: two fields, one of them to nothing.
update subprofiles set amount = 1199.00, product = null, modified = '1979-02-14 00:00:00+01' where id = 12;

-- 6: both at once.
begin;
update profiles set name = 'John', interests = '{}', modified = '1979-02-15 12:00:00+00' where id = 123;
update subprofiles set note = E'a=b&c\nd', modified = '1979-02-15 12:00:00+00' where id = 12;
commit;

-- 7: a deletion is no update.
delete from profiles where id = 123;

-- 8
insert into profiles values (124, 1, 'Ann', null, '{}', '1979-02-16 12:00:00+00', '1979-02-16 12:00:00+00');

-- 9
update profiles set mail = 'ann@example.com', modified = '1979-02-16 12:00:01+00' where id = 124;
