-- What an application does. Each statement makes one webhook, whose body is in expected/.
insert into profiles (email, first_name, last_name, user_id) values ('jrose@acme.com', 'Juliet', 'Rose', '0e223bd4-1324-49ff-b948-122eeaaa42d1');
update profiles set country = 'United States' where email = 'jrose@acme.com';
update profiles set country_visible = false where email = 'jrose@acme.com';
delete from profiles where email = 'jrose@acme.com';
