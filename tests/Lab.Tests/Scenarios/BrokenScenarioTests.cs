using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Tests.Scenarios;

public sealed class BrokenScenarioTests
{
    private const string Right = """
        model: llama-2-7b
        fleet:
          - device: a100-sxm-80gb
        seed: 1
        traffic: {generator: constant, rate: 2/s, requests: 3, prompt: 100, output: 10}
        """;

    /// <summary>What is replaced, by what, and the sentence (up to the list of known names, which grows).</summary>
    public static TheoryData<string, string, string> Mistakes { get; } = new()
    {
        { "fleet:", "fleets:",
            "s.yaml:1:1: the key 'fleet' is missing; is 'fleets' a misspelling of it?" },
        { "model: llama-2-7b", "model: llama-2-7x",
            "s.yaml:1:8: model: there is no model 'llama-2-7x' in the catalogue; did you mean 'llama-2-7b'?" },
        { "model: llama-2-7b", "modle: llama-2-7b",
            "s.yaml:1:1: modle: unknown key; did you mean 'model'?" },
        { "model: llama-2-7b", "name: nothing served",
            "s.yaml:1:1: the key 'model' is missing; write for example model: llama-3-70b, here or in each fleet entry" },
        { "model: llama-2-7b", "model: {gguf: tiny.gguf, config: config.json}",
            "s.yaml:1:26: model.config: unknown key" },
        { "model: llama-2-7b", "model: llama-3-70b",
            "s.yaml:3:5: fleet.0: llama-3-70b does not fit a100-sxm-80gb with TP1: 68.8 GB are missing per device (weights 141.107 GB, activations 683.54 MB, runtime 3.5 GB of 76.536 GB = utilization 0.9 of 85.04 GB); tensor: 2 would fit" },
        { "device: a100-sxm-80gb", "device: a100-sxm-80gbs",
            "s.yaml:3:13: fleet.0.device: there is no device 'a100-sxm-80gbs' in the catalogue; did you mean 'a100-sxm-80gb'?" },
        { "device: a100-sxm-80gb", "replicas: 2",
            "s.yaml:3:5: fleet.0: the key 'device' is missing" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, replicas: 0}",
            "s.yaml:3:39: fleet.0.replicas: '0' is out of range; write a whole number from 1 to 1000000" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, replicas: \"2\"}",
            "s.yaml:3:39: fleet.0.replicas: expected a whole number such as 8, but '2' is text because of its quotes; write 2 without quotes" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, tensor: 3}",
            "s.yaml:3:37: fleet.0.tensor: 3 does not divide the 32 attention heads of llama-2-7b; use one of 1, 2, 4, 8, 16, 32" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, pipeline: 64}",
            "s.yaml:3:39: fleet.0.pipeline: 64 stages are more than the 32 layers of llama-2-7b; use at most 32" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, expert: 2}",
            "s.yaml:3:37: fleet.0.expert: llama-2-7b has no experts to distribute; leave expert at 1" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, role: prefill}",
            "s.yaml:3:3: fleet: no replica decodes; add an entry with role: decode or role: mixed" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, role: both}",
            "s.yaml:3:35: fleet.0.role: unknown role 'both'" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, memory: {use: mapped, megaLayout: true, pageSize: 64KiB}}",
            "s.yaml:3:37: fleet.0.memory: a token of llama-2-7b takes 262144 bytes of a page, more than its 65536; write a larger pageSize or megaLayout: false" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, memory: {use: mapped, pageSize: 2MB}}",
            "s.yaml:3:61: fleet.0.memory.pageSize: unknown pageSize '2MB'; did you mean '2MiB'?" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, draft: {model: llama-3-8b}}",
            "s.yaml:3:44: fleet.0.draft.model: llama-3-8b has 128256 different tokens and llama-2-7b has 32000; a draft must share the vocabulary of the model that verifies it" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, draft: {model: llama-160}}",
            "s.yaml:3:44: fleet.0.draft.model: there is no model 'llama-160' in the catalogue; did you mean 'llama-160m'?" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, draft: {control: smartspec}}",
            "s.yaml:3:36: fleet.0.draft: the key 'model' is missing" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, draft: {model: ngram, control: smartspek}}",
            "s.yaml:3:60: fleet.0.draft.control: unknown draft control 'smartspek'; did you mean 'smartspec'?" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, draft: {model: ngram, control: {use: fixed, token: 3}}}",
            "s.yaml:3:73: fleet.0.draft.control.token: unknown key; did you mean 'tokens'?" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, draft: {model: llama-160m, acceptance: 70}}",
            "s.yaml:3:68: fleet.0.draft.acceptance: '70' is out of range; write a number from 0 to 1" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, draft: {model: llama-160m, acceptance: {rate: 0.9, spread: 0.3}}}",
            "s.yaml:3:88: fleet.0.draft.acceptance.spread: rates between 0 and 1 with the mean 0.9 spread by less than 0.3; write a smaller number" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, draft: {model: llama-160m, acceptance: {match: 0.3}}}",
            "s.yaml:3:69: fleet.0.draft.acceptance.match: a draft model always has something to propose; leave the key out, or write model: ngram" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, draft: {model: llama-160m, searchTime: 1ms}}",
            "s.yaml:3:56: fleet.0.draft.searchTime: a draft model proposes without a search; leave the key out, or write model: ngram" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, tensor: 8, draft: {model: llama-160m}}",
            "s.yaml:3:55: fleet.0.draft.model: the draft model is cut like the target: tensor: 8 does not divide the 12 attention heads of llama-160m; use one of 1, 2, 3, 4, 6, 12" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, pipeline: 2, draft: {model: llama-160m}}",
            "s.yaml:3:42: fleet.0.draft: drafts are proposed and verified on one pipeline stage; write pipeline: 1, or leave the key out" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, scheduler: hf-static, draft: {model: llama-160m}}",
            "s.yaml:3:51: fleet.0.draft: the rows of this scheduler's batches advance together, so they cannot keep different numbers of drafts; leave the key out" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, adapters: {count: 8, rank: 16}}",
            "s.yaml:3:29: fleet.0.adapters: adapters (LoRA): not simulated by this version; remove the key" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, memory: {prefixCache: true, hostSwap: 16GiB}}",
            "s.yaml:3:57: fleet.0.memory.hostSwap: blocks shared between sequences are not swapped to the host; write prefixCache: false, or leave one of the two keys out" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, memory: {prefixCache: false, hostSwap: {out: backgrond}}}",
            "s.yaml:3:74: fleet.0.memory.hostSwap.out: unknown out 'backgrond'; did you mean 'background'?" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, memory: {use: block-groups, prefixCache: true}}",
            "s.yaml:3:57: fleet.0.memory.prefixCache: unknown key" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, memory: {use: block-groups, groupBlocks: 0}}",
            "s.yaml:3:70: fleet.0.memory.groupBlocks: '0' is out of range; write a whole number from 1 to 4096" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, calls: swap}",
            "s.yaml:3:36: fleet.0.calls: swapping needs a host pool; write for example memory: {hostSwap: 16GiB}" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, scheduler: hf-static, calls: preserve}",
            "s.yaml:3:58: fleet.0.calls: this scheduler computes a sequence anew after a call; write calls: discard" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, finetune: co-serv}",
            "s.yaml:3:39: fleet.0.finetune: unknown finetuning 'co-serv'; did you mean 'co-serve'?" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, finetune: {use: temporal, target: 50ms}}",
            "s.yaml:3:55: fleet.0.finetune.target: unknown key" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, finetune: alone}",
            "s.yaml:3:3: fleet: no replica takes requests; add an entry without finetune: alone" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, finetune: alone}\n  - {device: a100-sxm-80gb}",
            "s.yaml:3:5: fleet.0: replicas that only train come last; move this entry to the end of the fleet" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, tensor: 1, pipeline: 2, finetune: co-serve}",
            "s.yaml:3:63: fleet.0.finetune: a backward pass against the direction of pipeline stages is not modelled; write pipeline: 1 or leave the key out" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, memory: {utilisation: 0.9}}",
            "s.yaml:3:38: fleet.0.memory.utilisation: unknown key; did you mean 'utilization'?" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, memory: {blocks: 100000}}",
            "s.yaml:3:37: fleet.0.memory: 100000 blocks take 838.861 GB beside 13.477 GB of weights, and a100-sxm-80gb has 85.04 GB; write fewer blocks, or leave them out" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, memory: {utilization: 90}}",
            "s.yaml:3:51: fleet.0.memory.utilization: '90' is out of range; write a number from 0.01 to 1" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, memory: tiered}",
            "s.yaml:3:37: fleet.0.memory: unknown memory 'tiered'" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, scheduler: vllm-v11}",
            "s.yaml:3:40: fleet.0.scheduler: unknown scheduler 'vllm-v11'; did you mean 'vllm-v1'?" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, scheduler: {use: vllm-v1, maxBatched: 4}}",
            "s.yaml:3:55: fleet.0.scheduler.maxBatched: unknown key" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, network: infiniband-xyz}",
            "s.yaml:3:38: fleet.0.network: there is no network 'infiniband-xyz' in the catalogue; did you mean 'infiniband-xdr'?" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, precision: {weights: fp9}}",
            "s.yaml:3:50: fleet.0.precision.weights: unknown weights 'fp9'; did you mean 'fp8'?" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, precision: {activations: fp8}}",
            "s.yaml:3:5: fleet.0: activations: a100-sxm-80gb has no matrix units for fp8; it computes in fp32, bf16, int8" },
        { "device: a100-sxm-80gb", "{device: a100-sxm-80gb, gpus: 4}",
            "s.yaml:3:29: fleet.0.gpus: unknown key" },
        { "seed: 1", "seed: -1",
            "s.yaml:4:7: seed: '-1' is out of range; write a whole number of at least 0" },
        { "seed: 1", "seed: soon",
            "s.yaml:4:7: seed: expected a whole number such as 8, not 'soon'" },
        { "seed: 1", "maxModelLength: 8192",
            "s.yaml:4:17: maxModelLength: llama-2-7b reads at most 4096 tokens; write that or less, or leave the key out" },
        { "seed: 1", "router: least-loded",
            "s.yaml:4:9: router: unknown router 'least-loded'; did you mean 'least-loaded'?" },
        { "seed: 1", "predictors: {outputLength: orcale}",
            "s.yaml:4:28: predictors.outputLength: unknown predictor 'orcale'; did you mean 'oracle'?" },
        { "seed: 1", "predictors: {output: oracle}",
            "s.yaml:4:14: predictors.output: unknown key" },
        { "seed: 1", "slo: {ttft: 1}",
            "s.yaml:4:13: slo.ttft: '1' has no unit; write a time such as 250ms" },
        { "seed: 1", "slo: {ttft: 0s}",
            "s.yaml:4:13: slo.ttft: a limit of 0s cannot be met; leave the key out for no limit" },
        { "seed: 1", "slo: {ttft: 1s, attainment: 90}",
            "s.yaml:4:29: slo.attainment: '90' is out of range; write a number from 0 to 1" },
        { "seed: 1", "expect: [\"p99(gaps) <= 200ms\"]",
            "s.yaml:4:10: expect.0: unknown metric 'gaps'; did you mean 'gap'?" },
        { "seed: 1", "expect: [\"p99(gap) <= 200\"]",
            "s.yaml:4:10: expect.0: '200' has no unit; write a time such as 250ms" },
        { "seed: 1", "expect: p99(gap) <= 200ms",
            "s.yaml:4:9: expect: expected a list, not 'p99(gap) <= 200ms'" },
        { "seed: 1", "energy: {grid: us-caisoo}",
            "s.yaml:4:16: energy.grid: there is no grid 'us-caisoo' in the catalogue; did you mean 'us-caiso'?" },
        { "seed: 1", "energy: {pue: 0.5}",
            "s.yaml:4:15: energy.pue: '0.5' is out of range; write a number from 1 to 10" },
        { "seed: 1", "qoe: {tokensPerSecond: 0}",
            "s.yaml:4:24: qoe.tokensPerSecond: '0' is out of range; write a number from 0.001 to 1000000" },
        { "seed: 1", "sead: 1",
            "s.yaml:4:1: sead: unknown key; did you mean 'seed'?" },
        { "generator: constant", "generator: poison",
            "s.yaml:5:22: traffic.generator: generator 'poison' is not known; did you mean 'poisson'?" },
        { "generator: constant", "generator: constant, adapters: {count: 4, skew: 1}",
            "s.yaml:5:32: traffic.adapters: adapters (LoRA): not simulated by this version; remove the key" },
        { "rate: 2/s", "rate: 2",
            "s.yaml:5:38: traffic.rate: '2' has no unit; write a rate such as 20/s" },
        { "requests: 3, ", "",
            "s.yaml:5:10: traffic: needs 'requests' (for example 10000) or 'duration' (for example 10min)" },
        { "generator: constant, rate: 2/s, requests: 3, prompt: 100, output: 10", "file: absent.csv",
            "s.yaml:5:17: traffic.file: trace 'absent.csv' does not exist; file names start from the scenario's folder" },
    };

    [Fact]
    public void TheUnbrokenScenarioIsRight() => Assert.Equal("llama-2-7b on a100-sxm-80gb", Read(Right).Name);

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void AMistakeGetsItsSentence(string right, string wrong, string expected)
    {
        Assert.Contains(right, Right, StringComparison.Ordinal);
        InputException mistake = Assert.Throws<InputException>(() => Read(Right.Replace(right, wrong, StringComparison.Ordinal)));
        Assert.Equal(expected, WithoutList(mistake.Message));
    }

    [Fact]
    public void AMissingModelFileIsToldAtItsPlace()
    {
        string folder = Path.GetTempPath();
        string text = Right.Replace("llama-2-7b", "{config: absent-folder/config.json}", StringComparison.Ordinal);
        InputException mistake = Assert.Throws<InputException>(() => ScenarioReader.Read(Document.Parse(text, "s.yaml"), folder));
        string path = Path.Combine(folder, "absent-folder", "config.json");
        Assert.Equal($"s.yaml:1:17: model.config: {path}: there is no such file; its directory does not exist", mistake.Message);
    }

    [Fact]
    public void AMissingGgufFileIsToldAtItsPlace()
    {
        string text = Right.Replace("llama-2-7b", "{gguf: absent.gguf}", StringComparison.Ordinal);
        InputException mistake = Assert.Throws<InputException>(() => ScenarioReader.Read(Document.Parse(text, "s.yaml"), Path.GetTempPath()));
        Assert.Equal($"s.yaml:1:15: model.gguf: {Path.Combine(Path.GetTempPath(), "absent.gguf")}: there is no such file", mistake.Message);
    }

    [Fact]
    public void AnOverrideIsNamedAsItsFlag()
    {
        Node tree = Overrides.Apply(Document.Parse(Right, "s.yaml"), "fleet.0.tensor=5");
        InputException mistake = Assert.Throws<InputException>(() => ScenarioReader.Read(tree, ""));
        Assert.Equal(
            "--set fleet.0.tensor=5: fleet.0.tensor: 5 does not divide the 32 attention heads of llama-2-7b; use one of 1, 2, 4, 8, 16, 32",
            mistake.Message);
    }

    [Fact]
    public void AnEmptyScenarioSaysWhatItNeeds()
    {
        InputException mistake = Assert.Throws<InputException>(() => Read("# nothing"));
        Assert.EndsWith("the scenario is empty; it needs at least model, fleet and traffic", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AShortMemoryBoundsSequencesAndSaysSo()
    {
        Scenario scenario = Read("""
            model: llama-2-7b
            fleet: [{device: a100-sxm-80gb, memory: {utilization: 0.22}}]
            traffic: {generator: constant, rate: 2/s, requests: 3, prompt: 100, output: 10}
            """);
        Assert.InRange(scenario.Fleet[0].MaxModelTokens, 16, 4095);
        string note = Assert.Single(scenario.Notes);
        Assert.StartsWith($"fleet.0: the KV memory holds {scenario.Fleet[0].MaxModelTokens} tokens", note, StringComparison.Ordinal);
    }

    [Fact]
    public void ATrainingSequenceThatDoesNotFitIsNamedAndNotTheModel()
    {
        InputException mistake = Assert.Throws<InputException>(() => Read(Right.Replace(
            "device: a100-sxm-80gb", "{device: a100-sxm-80gb, finetune: {use: co-serve, sequenceTokens: 1048576, activations: stored}}", StringComparison.Ordinal)));
        Assert.StartsWith("s.yaml:3:5: fleet.0: llama-2-7b does not fit a100-sxm-80gb", mistake.Message, StringComparison.Ordinal);
        Assert.EndsWith("; without finetuning it fits; write fewer sequenceTokens there, or activations: rematerialised, which keeps least", mistake.Message, StringComparison.Ordinal);
        Assert.True(mistake.IsInfeasible);
    }

    [Theory]
    [InlineData("layersPerStep: 4", 1)]
    [InlineData("layersPerStep: 4, tokenLimit: 1024", 0)]
    [InlineData("layersPerStep: 1", 0)]
    public void AnOptionWithoutEffectIsNoted(string options, int notes)
    {
        Scenario scenario = Read(Right.Replace("device: a100-sxm-80gb", "{device: a100-sxm-80gb, finetune: {use: co-serve, " + options + "}}", StringComparison.Ordinal));
        Assert.Equal(notes, scenario.Notes.Count);
        Assert.All(scenario.Notes, note => Assert.StartsWith("fleet.0.finetune: layersPerStep has no effect without tokenLimit", note, StringComparison.Ordinal));
    }

    private static Scenario Read(string text) => ScenarioReader.Read(Document.Parse(text, "s.yaml"), "");

    private static string WithoutList(string message)
    {
        foreach (string list in new[] { " Known:", "; known:" })
        {
            int at = message.IndexOf(list, StringComparison.Ordinal);
            if (at > 0) message = message[..at];
        }
        return message;
    }
}
