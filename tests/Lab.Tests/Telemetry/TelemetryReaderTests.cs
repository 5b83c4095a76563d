using Orrery.Kernel;
using Orrery.Lab.Fidelity;
using Orrery.Lab.Telemetry;

namespace Orrery.Lab.Tests.Telemetry;

public sealed class TelemetryReaderTests : IDisposable
{
    private const string Header = "id,arrival_seconds,first_token_seconds,finish_seconds,prompt_tokens,output_tokens,outcome\n";

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Rows_come_in_order_of_arrival_from_zero()
    {
        List<string> warnings = [];
        IReadOnlyList<TelemetryRequest> read = Read(Header + "b,1700000002,1700000003,1700000005,7,3,finished\na,1700000000,1700000000.5,1700000004,9,8,cancelled\nc,1700000001,,,5,4,rejected\n", warnings);
        Assert.Equal([new(new RequestOutcome("a", 8, 0.5, 4), 0, 9, false), new TelemetryRequest(new RequestOutcome("b", 3, 1, 3), 2, 7, true)], read);
        Assert.Contains("1 rows", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void The_stamps_of_vLLM_count_from_the_queue()
    {
        TelemetryRequest read = Assert.Single(Read("request_id,prompt_tokens,output_tokens,arrival_s,queued_s,first_token_after_queued_s,last_token_after_queued_s\n4,10,20,1,1.25,0.5,2\n", []));
        Assert.Equal(new(new RequestOutcome("4", 20, 0.75, 2.25), 0, 10, true), read);
    }

    [Theory]
    [InlineData("id,arrival_seconds\n", ":1: column 'first_token_seconds' is missing")]
    [InlineData(Header + "a,2,1,3,7,3,\n", ":2: column 'first_token_seconds': 1 is before the arrival at 2")]
    [InlineData(Header + "a,1,3,2,7,3,\n", ":2: column 'finish_seconds': 2 is before the first token at 3")]
    [InlineData(Header + "a,1,2,3,7,3,\na,1,2,3,7,3,\n", ":3: the id 'a' occurs twice")]
    [InlineData(Header + "a,1,2,3,7,0,\n", ":2: column 'output_tokens': 0 is outside 1 to 100000000")]
    [InlineData(Header + "a,one,2,3,7,5,\n", ":2: column 'arrival_seconds': 'one' is not a number")]
    [InlineData(Header + "a,1,NaN,3,7,5,\n", ":2: column 'first_token_seconds': NaN is outside")]
    public void Wrong_rows_are_named(string text, string start) =>
        Assert.StartsWith(_file + start, Assert.Throws<InputException>(() => Read(text, [])).Message, StringComparison.Ordinal);

    private IReadOnlyList<TelemetryRequest> Read(string text, List<string> warnings)
    {
        File.WriteAllText(_file, text);
        return TelemetryReader.Read(_file, warnings.Add);
    }
}
