-- SPDX-License-Identifier: MIT
local sum = 0
for i = 1, 10 do
    sum = sum + i ^ 2
end
print(string.format("hello %d", sum))

local name = os.tmpname()
local file = assert(io.open(name, "w"))
file:write("1\n2\n3\n")
file:close()
local count = 0
for _ in io.lines(name) do
    count = count + 1
end
os.remove(name)
print("file " .. count)
