-- Everything a commit does, in one statement of the client and so in one transaction of the server: nobody can leave it in
-- the middle. Answers the outcomes, or which statement failed with which SQLSTATE; then all of it is undone. DAY01 is a
-- count that was not as expected, DAY02 a limit of what may be returned.
--
-- The name ends in the fingerprint of the schema it was made for: an application that does not find its function has a
-- database to bring up to date first.
CREATE OR REPLACE FUNCTION host_commit_fingerprint(work TEXT, rows_max BIGINT, bytes_max BIGINT) RETURNS TEXT
LANGUAGE plpgsql
-- A row that stays locked for so long is locked by somebody who hangs.
SET lock_timeout = '5s'
AS $commit$
DECLARE
    input JSONB := work::jsonb;
    failing BIGINT := 0;
    statement JSONB;
    params TEXT[];
    returned RECORD;
    rows JSON[];
    changed BIGINT;
    outcomes JSON[] := '{}';
    now_ms BIGINT := extract(epoch FROM clock_timestamp()) * 1000;
    code TEXT;
    message TEXT;
BEGIN
    -- Acknowledged means durable, whatever the role or the database prefers.
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    BEGIN
        FOR statement IN SELECT s.value FROM jsonb_array_elements(input->'statements') WITH ORDINALITY AS s ORDER BY s.ordinality LOOP
            params := ARRAY(SELECT p.value FROM jsonb_array_elements_text(statement->'params') WITH ORDINALITY AS p ORDER BY p.ordinality);
            rows := '{}';
            IF (statement->'returns_rows')::boolean THEN
                changed := 0;
                FOR returned IN EXECUTE statement->>'sql' USING params LOOP
                    rows := rows || row_to_json(returned);
                    changed := changed + 1;
                    rows_max := rows_max - 1;
                    bytes_max := bytes_max - octet_length(rows[changed]::text);
                    IF rows_max < 0 OR bytes_max < 0 THEN
                        RAISE EXCEPTION USING ERRCODE = 'DAY02', MESSAGE = 'too many rows or bytes of rows';
                    END IF;
                END LOOP;
                IF NOT (statement->'writes')::boolean THEN
                    changed := 0;
                END IF;
            ELSE
                EXECUTE statement->>'sql' USING params;
                GET DIAGNOSTICS changed = ROW_COUNT;
            END IF;
            IF changed <> (statement->>'expected_changes')::numeric THEN
                RAISE EXCEPTION USING ERRCODE = 'DAY01', MESSAGE = 'another number of rows than expected';
            END IF;
            outcomes := outcomes || json_build_object('changed', changed, 'rows', array_to_json(rows));
            failing := failing + 1;
        END LOOP;
        IF jsonb_array_length(input->'events') > 0 THEN
            INSERT INTO host_event_ids (event_id, committed_at)
            SELECT (e->>'id')::uuid, now_ms FROM jsonb_array_elements(input->'events') AS e;
            INSERT INTO host_outbox (shard, committed_at, bytes, event_id, event_type, topic, key, body)
            SELECT (e.value->>'shard')::smallint, now_ms, octet_length(e.value->>'body') + octet_length(e.value->>'key'),
                (e.value->>'id')::uuid, e.value->>'event_type', t.value, e.value->>'key', e.value->>'body'
            FROM jsonb_array_elements(input->'events') WITH ORDINALITY AS e,
                jsonb_array_elements_text(e.value->'topics') WITH ORDINALITY AS t
            ORDER BY e.ordinality, t.ordinality;
        END IF;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
        RETURN json_build_object('failed', json_build_object('statement', failing, 'code', code, 'message', message))::text;
    END;
    RETURN json_build_object('outcomes', array_to_json(outcomes))::text;
END
$commit$;
