using Orrery.Kernel;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Readers;

public class BlockIdTests
{
    private const string Header = "request_id,arrival_ns,prompt_tokens,output_tokens,prefix_block_ids\n";

    [Fact]
    public void Ids_become_spans_of_16_tokens_and_the_rest_of_the_prompt_stays_its_own()
    {
        const string csv = Header + "0,46926808,40,531,7 8\n1,1347938951,31,2,7\n2,1347938952,9,3,\n";
        List<Request> rows = Sources.All(Sources.Trace(csv));
        Assert.Equal([0L, 1_301_012_143L, 1_301_012_144L], rows.Select(r => r.Arrival.Nanoseconds));
        Assert.Equal([("0", 40, 531), ("1", 31, 2), ("2", 9, 3)], rows.Select(r => (r.Label, r.PromptTokens, r.OutputTokens)));
        Assert.Equal([new TokenSpan(8, 16), new TokenSpan(9, 16)], rows[0].Content!);
        Assert.Equal(rows[0].Content![0], rows[1].Content!.Single());
        Assert.Null(rows[2].Content);
    }

    [Fact]
    public void The_header_tells_the_format_also_without_request_ids()
    {
        const string csv = "arrival_ns,prompt_tokens,output_tokens,prefix_block_ids\n5,16,1,0\n";
        Request row = Sources.All(Sources.Trace(csv)).Single();
        Assert.Null(row.Label);
        Assert.Equal([new TokenSpan(1, 16)], row.Content!);
    }

    [Fact]
    public void Rows_of_no_tokens_count_as_one_and_are_counted()
    {
        using TraceSource source = Sources.Trace(Header + "0,5,0,0,\n");
        Request row = Sources.All(source).Single();
        Assert.Equal((1, 1, 1L), (row.PromptTokens, row.OutputTokens, source.LiftedRows));
    }

    [Theory]
    [InlineData("0,5,31,1,1 2", "2 full blocks of 16 tokens do not fit a prompt of 31 tokens")]
    [InlineData("0,5,64,1,1  2", "'' is not a block id")]
    [InlineData("0,5,64,1,1 x", "'x' is not a block id")]
    [InlineData("0,5,64,1,-1", "'-1' is not a block id")]
    [InlineData("0,-5,64,1,1", "arrival_ns")]
    [InlineData("0,5,many,1,1", "prompt_tokens")]
    [InlineData("0,5,64,1", "the row has 4 fields")]
    public void A_wrong_row_is_named(string row, string sentence)
    {
        InputException error = Assert.Throws<InputException>(() => Sources.All(Sources.Trace(Header + row + "\n")));
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
        Assert.Contains(":2:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_column_is_named() => Assert.Contains(
        "'arrival_ns'",
        Assert.Throws<InputException>(() => Sources.Trace("arrival,prompt_tokens,output_tokens,prefix_block_ids\n5,16,1,1\n")).Message,
        StringComparison.Ordinal);
}
