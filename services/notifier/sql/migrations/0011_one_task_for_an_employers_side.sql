-- What waits for somebody at an employer: which of it is to be looked at, and what an organisation's new address wakes.
create index deliveries_for_managers on deliveries (ready_at) where wait_reason = 'no_line_manager';
create index deliveries_for_organisations on deliveries (org_number) where wait_reason = 'no_line_manager';

-- A task "no line manager" stands for all that waits from now on. Open ones of the earlier kind have nothing that waits
-- behind them: they go on as tasks about their own step, and end with it.
update deliveries set purpose = 'undelivered'
where purpose = 'no_line_manager' and state in ('waiting', 'sending', 'sent', 'delivered');
