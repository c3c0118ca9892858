select 1; -- c ; c
/* a /* nested ; */ */ insert into t values ('it''s; here', E'\';', $$ ; $$, $tag$ ; $tag$); select $1, :name, %s, %(x)s, a::int