using static Orrery.Cli.Tests.BadInput;

namespace Orrery.Cli.Tests;

/// <summary>Broken traces with their designed errors.</summary>
internal static class BadTraces
{
    public static readonly BadInput[] All =
    [
        Trace("empty trace", "t.csv", "",
            "{dir}/t.csv: the file is empty; a header line with column names is needed"),
        Trace("trace without rows", "t.csv", "arrival_seconds,prompt_tokens,output_tokens\n",
            "{dir}/t.csv holds no request, so there is nothing to describe; name another trace or widen its limits"),
        Trace("trace with an unknown header", "t.csv", "when,how_much\n1,2\n",
            "{dir}/t.csv:1: the header 'when,how_much' fits no known trace format; a trace needs the columns arrival_seconds,prompt_tokens,output_tokens, or name its format (orrery, azure, mooncake, burstgpt, vidur, splitwise, block-ids, servegen)"),
        Trace("trace with words for numbers", "t.csv", "arrival_seconds,prompt_tokens,output_tokens\n0,ten,4\n",
            "{dir}/t.csv:2: column 'prompt_tokens': 'ten' is not a whole number"),
        Trace("trace with negative tokens", "t.csv", "arrival_seconds,prompt_tokens,output_tokens\n0,-5,4\n",
            "{dir}/t.csv:2: column 'prompt_tokens': -5 is outside 1 to 100000000"),
        Trace("trace that goes back in time", "t.csv", "arrival_seconds,prompt_tokens,output_tokens\n2,10,4\n1,10,4\n",
            "{dir}/t.csv:3: arrival 1 s comes after 2 s; sort the file by arrival, or set sort: true"),
        Trace("trace with a short row", "t.csv", "arrival_seconds,prompt_tokens,output_tokens\n0,10\n",
            "{dir}/t.csv:2: the row has 2 fields where the header names 3"),
        Trace("broken JSON lines", "t.jsonl", "{\"timestamp\": 0, \"input_length\": \n",
            "{dir}/t.jsonl:1: the line is not a JSON object such as {\"timestamp\": 0, \"input_length\": 6758, \"output_length\": 500, \"hash_ids\": [1, 2]} ("),
    ];
}
