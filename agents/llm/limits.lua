-- Let one call through, or say why not and how long to wait. Times are the server's own, so that all workers agree.
-- KEYS: slots (sorted set: lease by its end), window of requests, window of tokens, breaker (hash). ARGV: lease, lease ms,
-- calls at once, requests a minute, tokens a minute (0: without limit), tokens that this call may use.
-- Answers {"", failures so far, its time} or {reason, milliseconds to wait, its time}.
local clock = redis.call("TIME")
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lease_ms, concurrent, requests, tokens, wanted = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local minute, into = math.floor(now / 60000), now % 60000

local failures, rests_until = unpack(redis.call("HMGET", KEYS[4], "failures", "rests_until"))
rests_until = tonumber(rests_until or "0")
if rests_until > now then
  return { "rests", rests_until - now, now }
end

-- A window that slides: this minute's, and the share of the last minute's that is still in sight.
local function used(key)
  local current, before = unpack(redis.call("HMGET", key, minute, minute - 1))
  return tonumber(current or "0") + tonumber(before or "0") * (60000 - into) / 60000
end
local function use(key, amount)
  redis.call("HINCRBY", key, minute, amount)
  redis.call("HDEL", key, minute - 2, minute - 3)
  redis.call("PEXPIRE", key, 120000)
end

if concurrent > 0 then
  redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now)
  if redis.call("ZCARD", KEYS[1]) >= concurrent then
    return { "concurrent", 50, now }
  end
end
if requests > 0 and used(KEYS[2]) + 1 > requests then
  return { "requests", math.max(50, math.floor(60000 / requests)), now }
end
-- A call that alone is more than the limit goes through when nothing else was used.
if tokens > 0 and used(KEYS[3]) > 0 and used(KEYS[3]) + wanted > tokens then
  return { "tokens", 250, now }
end

if concurrent > 0 then
  redis.call("ZADD", KEYS[1], now + lease_ms, ARGV[1])
  redis.call("PEXPIRE", KEYS[1], lease_ms * 2)
end
if requests > 0 then
  use(KEYS[2], 1)
end
if tokens > 0 then
  use(KEYS[3], wanted)
end
if rests_until > 0 then
  -- It has rested: this one call tries, the others wait for what becomes of it.
  redis.call("HSET", KEYS[4], "rests_until", now + lease_ms)
end
return { "", tonumber(failures or "0"), now }
