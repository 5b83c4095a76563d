using Orrery.Lab.Claims;

namespace Orrery.Lab.Tests.Claims;

public sealed class ExperimentClaimTests : IDisposable
{
    private const string File = """
        system: toy
        paper: "A paper"
        scenario: {experiment: sleep-time-compute}
        cells:
          cheap: {experiment.reduction: 5}
        seeds: 2
        claims:
          - {name: ratio, value: "figure(breakEvenQuestions, cheap) / 2.5", band: [1, 1]}
          - name: curve
            cells: {cheap: {}}
            sweep: {path: experiment.reduction, values: [4.5, 5, 6]}
            value: "at(figure(breakEvenQuestions, cheap), 5)"
            plot: {kind: lines, y: figure(breakEvenQuestions), cells: [cheap]}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("orrery-claims-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void FiguresOfExperimentsAreJudgedDrawnAndKept()
    {
        Reproduction first = ClaimRunner.Run([ClaimText.Read(File)], new() { Folder = _folder });
        Assert.Equal([ClaimStatus.InBand, ClaimStatus.NoBand], first.Claims.Select(claim => claim.Status));
        Assert.Equal(3, Assert.Single(first.Claims[1].Curves).Y.OfType<double>().Count());
        Assert.Equal(first.Claims[0].Measured!.Value.Mean * 2.5, first.Claims[1].Measured!.Value.Mean, 12);
        Reproduction second = ClaimRunner.Run([ClaimText.Read(File)], new() { Folder = _folder });
        Assert.Equal((0, first.Claims[1].Measured), ((int)second.Runs, second.Claims[1].Measured));
    }

    [Theory]
    [InlineData("figure(breakEvenQuestions, cheap) / 2.5", "figure(breakEvenQuestion, cheap)", "the cell's experiment has no such figure; did you mean 'breakEvenQuestions'?")]
    [InlineData("figure(breakEvenQuestions, cheap) / 2.5", "p99(ttft, cheap)", "the cell cheap runs an experiment, which has no metrics of requests and no capacity; write figure(")]
    [InlineData("figure(breakEvenQuestions, cheap) / 2.5", "figure(3, cheap)", "'3' at character 8 stands where the name of a figure")]
    [InlineData("figure(breakEvenQuestions, cheap) / 2.5", "figure(breakEvenQuestions, chep)", "unknown cell 'chep'; did you mean 'cheap'?")]
    [InlineData("at(figure(breakEvenQuestions, cheap), 5)", "figure(breakEvenQuestions, cheap)", "has a value for every point of the sweep")]
    [InlineData("name: ratio,", "name: ratio, window: {from: 0s, to: 1s},", "is a figure of an experiment, which exists for whole runs only; remove window:")]
    public void MistakesAreRefusedWithTheirPlace(string right, string wrong, string part) => ClaimText.AssertRefused(File, right, wrong, part);

    [Fact]
    public void AFigureOfAFleetIsRefused() => ClaimText.AssertRefused(
        """
        system: toy
        paper: "A paper"
        scenario:
          model: llama-2-7b
          fleet: [{device: a100-sxm-80gb}]
          traffic: {generator: poisson, rate: 2/s, requests: 4, prompt: 20, output: 2}
        cells: {one: {}}
        claims: [{name: x, value: "arrived(one)"}]
        """,
        "arrived(one)", "figure(arrived, one)", "figure(arrived, one): the cell runs a fleet and no experiment");
}
