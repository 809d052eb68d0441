-- Every two numbers that a change of number names, in both directions, whether the change stands or not. One that came
-- late may be older than the one that stands, and one that stands may be withdrawn: what holds then can only be found
-- by looking at everybody whom the changes tie together.
create table number_ties (
    number text not null,
    other text not null,
    primary key (number, other)
);

insert into number_ties (number, other)
select payload::json ->> 'old_person_id', payload::json ->> 'new_person_id'
from facts where type = 'person.renumbered.v1'
union
select payload::json ->> 'new_person_id', payload::json ->> 'old_person_id'
from facts where type = 'person.renumbered.v1'
union
select old_person_id, new_person_id from renumberings
union
select new_person_id, old_person_id from renumberings;
