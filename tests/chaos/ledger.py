"""What tools really did: a row for each effect, in a Postgres of its own that no fault touches. Counting rows says how often
an effect happened, which neither the queue nor its log can know."""
from stack import with_admin

SCHEMA = "create table effect (token text not null, at timestamptz not null default clock_timestamp())"


def prepare(stack):
    with_admin(stack.ledger.url("ledger"), SCHEMA)


def effect(token):
    """SQL whose commit is the effect."""
    return f"insert into effect (token) values ('{token}')"


def slow_effect(token, seconds):
    """The effect comes first and stays, whatever becomes of the attempt afterwards: with BEGIN of its own, each statement
    of the tool's text is its own transaction."""
    return f"begin; insert into effect (token) values ('{token}'); commit; select pg_sleep({seconds})"


def counts(stack, prefix):
    """{token: how often} of the tokens that begin so."""
    return dict(stack.query(stack.ledger, "select token, count(*) from effect where starts_with(token, %s) group by token", (prefix,)))
