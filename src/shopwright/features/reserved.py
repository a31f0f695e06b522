"""Words that cannot name a feature, because an engine would read them as SQL.

The reserved words of DuckDB 2.0 (``duckdb_keywords()``, compared by a test) and of Spark 4 in ANSI
mode (https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#sql-keywords), and the
columns of the spine.
"""

_DUCKDB = """
all analyse analyze and any array as asc asymmetric both case cast check collate column constraint
create default deferrable desc describe distinct do else end except false fetch for foreign from
group having in initially intersect into lambda lateral leading limit not null offset on only or
order pivot pivot_longer pivot_wider placing primary qualify references returning select show some
summarize symmetric table then to trailing true union unique unpivot using variadic when where
window with
anti asof at authorization between bigint binary bit boolean by char character coalesce collation
columns concurrently cross dec decimal exists extract float freeze full generated glob grouping
grouping_id ilike inner inout int integer interval is isnull join left like map national natural
nchar none notnull nullif numeric out outer overlaps overlay position positional precision real
right row semi setof similar smallint struct substring tablesample time timestamp treat trim
try_cast tuple unpack values varchar verbose xmlattributes xmlconcat xmlelement xmlexists xmlforest
xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
"""

_SPARK = """
all and anti any as authorization both case cast check collate column constraint create cross
current_date current_time current_timestamp current_user distinct else end escape except false
fetch filter for foreign from full grant group having in inner intersect into is join lateral
leading left minus natural not null offset on only or order outer overlaps primary references right
select semi session_user some table then time to trailing true union unique unknown user using when
where with within
"""

SPINE_COLUMNS = ("row_id", "store_id", "entity", "as_of_us", "minor_per_major")

RESERVED = frozenset(f"{_DUCKDB} {_SPARK}".split()) | frozenset(SPINE_COLUMNS)
