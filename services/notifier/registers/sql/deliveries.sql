-- name: read_delivery
-- Without a lock: whoever asks changes nothing.
select * from deliveries where delivery_id = $1
