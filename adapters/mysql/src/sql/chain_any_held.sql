SELECT DISTINCT schedule FROM mainspring_jobs WHERE schedule IN (?, ...) AND state = 2;
