using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.Serving.Calls;
using Orrery.Serving.Drafting;
using Orrery.Serving.Execution;
using Orrery.Serving.Finetuning;
using Orrery.Serving.Lending;
using Orrery.Serving.Memory;
using Orrery.Serving.Power;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.Profiles;
using Orrery.World.StepTimes;
using Orrery.World.Training;

namespace Orrery.Lab.Scenarios;

/// <summary>The <c>fleet:</c> list, with what its entries inherit from the scenario's root: model, precision, maximum length.</summary>
internal sealed class FleetReader
{
    private const int MostReplicas = 1_000_000;
    private const int LargestDegree = 1024;
    private const int MostPositionScaling = 1024;
    private const string DefaultScheduler = "vllm-v1";

    private readonly Node _root;
    private readonly string _folder;
    private readonly List<string> _notes;
    private readonly Node? _model;
    private readonly Node? _precision;
    private readonly Node? _maxModelLength;
    private readonly Node? _positionScaling;
    private readonly Node? _profile;
    private readonly Node? _engine;

    /// <summary>Running requests may go to other replicas with their KV.</summary>
    private readonly bool _movesRequests;

    /// <summary>Replicas lend KV memory to each other: sequences may be longer than one of them can hold.</summary>
    private readonly LendingSpec? _lending;

    public FleetReader(MapReader root, string folder, List<string> notes)
    {
        _movesRequests = root.Given("rebalancer") is not null;
        _lending = root.Given("lending") is { } lending ? Lenders.Registry.Read(lending) : null;
        _root = root.Node;
        _folder = folder;
        _notes = notes;
        _model = root.Optional("model");
        _precision = root.Optional("precision");
        _maxModelLength = root.Optional("maxModelLength");
        _positionScaling = root.Optional("positionScaling");
        _profile = root.Optional("profile");
        _engine = root.Optional("engine");
    }

    public IReadOnlyList<FleetEntry> Read(Node fleet)
    {
        IReadOnlyList<Node> items = fleet.AsList();
        if (items.Count == 0) throw fleet.Error("the fleet has no entry; write for example [{device: h100-sxm, replicas: 4}]");
        FleetEntry[] entries = [.. items.Select(ReadEntry)];
        RequireServers(fleet, items, entries);
        if (entries.Sum(entry => (long)entry.Replicas) > MostReplicas)
            throw fleet.Error($"the fleet has more than {MostReplicas} replicas in all");
        return entries;
    }

    /// <summary>Routers choose among the first replicas of a fleet; those that only train follow.</summary>
    private static void RequireServers(Node fleet, IReadOnlyList<Node> items, FleetEntry[] entries)
    {
        if (!entries.Any(entry => entry.TakesRequests)) throw fleet.Error("no replica takes requests; add an entry without finetune: alone");
        for (int i = 1; i < entries.Length; i++)
            if (entries[i].TakesRequests && !entries[i - 1].TakesRequests) throw items[i - 1].Error("replicas that only train come last; move this entry to the end of the fleet");
    }

    private FleetEntry ReadEntry(Node entry)
    {
        MapReader map = entry.AsMap();
        Node deviceNode = map.Required("device");
        Node? powerCap = map.Optional("powerCap");
        Node? network = map.Optional("network");
        Node? profileNode = map.Optional("profile") ?? _profile;
        Node? engineNode = map.Optional("engine") ?? _engine;
        Node? ownModel = map.Optional("model");
        Node? precisionNode = map.Optional("precision") ?? _precision;
        int replicas = map.Int("replicas", 1, 1, MostReplicas);
        ParallelPlan parallel = new(Degree(map, "tensor"), Degree(map, "pipeline"), Degree(map, "expert"), Degree(map, "data"));
        ReplicaRole role = map.Optional("role")?.AsChoice<ReplicaRole>("role") ?? ReplicaRole.Mixed;
        ServerPriority priority = map.Optional("priority")?.AsChoice<ServerPriority>("priority") ?? ServerPriority.High;
        Node schedulerNode = map.Optional("scheduler") ?? Node.Plain(DefaultScheduler);
        Node? memoryNode = map.Optional("memory");
        Node? executionNode = map.Optional("execution");
        StepTimeTable? stepTimes = StepTimesReader.Read(map.Optional("stepTimes"), executionNode);
        Node? callsNode = map.Optional("calls");
        Node? finetuneNode = map.Optional("finetune");
        Node? lengthNode = map.Optional("maxModelLength") ?? _maxModelLength;
        int scaling = (map.Optional("positionScaling") ?? _positionScaling)?.AsInt(1, MostPositionScaling) ?? 1;
        Node? draftNode = map.Optional("draft");
        if (map.Optional("adapters") is { } adapters) throw ScenarioReader.NotSimulated(adapters, "adapters (LoRA)");
        map.Done();

        Node modelNode = ownModel ?? _model
            ?? throw _root.Error("the key 'model' is missing; write for example model: llama-3-70b, here or in each fleet entry");
        (ModelSpec model, Node writtenModel) = ReadModel(modelNode);
        DeviceSpec device = Capped(ReadDevice(deviceNode), powerCap);
        SchedulerSpec scheduler = Schedulers.Registry.Read(schedulerNode);
        MemorySpec memory = ReadMemory(memoryNode, scheduler, role, out SwapOptions? swap);
        CallHandlingSpec calls = ReadCalls(callsNode, scheduler, swap);
        ExecutionSpec execution = ExecutionStyles.Registry.Read(executionNode ?? Node.Plain(ExecutionStyles.Usual));
        FinetuneSpec? finetune = finetuneNode is null ? null : FinetuneStyles.Registry.Read(finetuneNode);
        if (finetune?.Unheeded is { } unheeded) _notes.Add($"{finetuneNode!.Path}: {unheeded}");
        int asked = MaxLength(lengthNode, model, scaling);
        if (model.Quantization is { } stored && precisionNode?["weights"] is null)
            _notes.Add($"{model.Name}: its config.json stores weights as {stored}, but the run counts 16 bit; say for example precision: {{weights: fp8}}");
        PrecisionPlan precision = precisionNode is null ? UsualPrecision(modelNode) : PrecisionPlan.Read(precisionNode, device);
        try
        {
            CostProfile profile = ProfileReader.Read(profileNode, device, _folder, out Node writtenProfile);
            EngineProfile engine = ProfileReader.ReadEngine(engineNode);
            if (profile.Measured is { } measured) engine = measured.Engine.Apply(engine);
            Deployment deployment = Deployment.Create(model, device, parallel, precision, ReadNetwork(network, device), profile, engine);
            ReplicaFacts facts = new(asked, device.Name, device.Memory, parallel.Pipeline);
            DraftDesign? draft = ReadDraft(draftNode, scheduler, deployment, out Node? writtenDraft);
            KvCapacity capacity = StepTimesReader.Capacity(stepTimes, deployment, memory, entry.Path, _notes)
                ?? Capacity(deployment, memory, scheduler.MaxStepTokens(facts), finetune, draft);
            WrittenWorld written = new(writtenModel, deviceNode, network, asked, scaling) { DraftModel = writtenDraft, Profile = writtenProfile };
            ReplicaDesign design = new(deployment, scheduler, memory, execution, capacity, Bound(asked, capacity, deployment, replicas, entry))
            {
                Swap = swap,
                Role = role,
                Calls = calls,
                Finetune = finetune,
                Draft = draft,
                StepTimes = stepTimes,
            };
            return new(design, replicas, written) { Priority = priority };
        }
        catch (InputException mistake) when (!mistake.Message.Contains(entry.Path, StringComparison.Ordinal))
        {
            throw Placed(entry, mistake);
        }
    }

    /// <summary>Memory for one training sequence is set aside; its windows share the activation memory of a step.</summary>
    private static KvCapacity Capacity(Deployment deployment, MemorySpec memory, int stepTokens, FinetuneSpec? finetune, DraftDesign? draft)
    {
        int blockTokens = memory.BlockTokens(deployment);
        if (memory.StatedBlocks is { } stated) return Stated(deployment, stated, blockTokens);
        if (finetune is null) return KvCapacity.Of(deployment, memory.Utilization, blockTokens, stepTokens, draft: draft?.Model);
        Bytes reserved = TrainingMemory.Of(deployment, finetune.Training).Total;
        return KvCapacity.Of(deployment, memory.Utilization, blockTokens, stepTokens, reserved: reserved, draft: draft?.Model, trainingTokens: finetune.SequenceTokens);
    }

    private static KvCapacity Stated(Deployment deployment, int blocks, int blockTokens)
    {
        KvCapacity capacity = KvCapacity.Stated(deployment, (long)blocks * blockTokens, blockTokens);
        return capacity.Budget <= capacity.Usable ? capacity
            : throw new InputException($"memory: {blocks} blocks take {capacity.Kv} beside {capacity.Weights} of weights, and {deployment.Device.Name} has {capacity.Usable}; write fewer blocks, or leave them out");
    }

    /// <summary>Checks of the world know no places: their sentence opens with the key, whose place is put before it.</summary>
    private static InputException Placed(Node entry, InputException mistake)
    {
        int colon = mistake.Message.IndexOf(": ", StringComparison.Ordinal);
        Node? key = colon > 0 ? entry[mistake.Message[..colon]] : null;
        InputException placed = key is null ? entry.Error(mistake.Message) : key.Error(mistake.Message[(colon + 2)..]);
        return new(placed.Message) { IsInfeasible = mistake.IsInfeasible };
    }

    private static int Degree(MapReader map, string key) => map.Int(key, 1, 1, LargestDegree);

    private (ModelSpec Model, Node Written) ReadModel(Node node)
    {
        if (node.Kind == NodeKind.Scalar)
        {
            try
            {
                ModelSpec found = Catalog.Model(node.Text);
                return (found, Node.Plain(found.Name));
            }
            catch (InputException unknown)
            {
                throw node.Error(unknown.Message);
            }
        }
        MapReader map = node.AsMap();
        if (map.Optional("gguf") is { } gguf)
        {
            map.Done();
            string file = GgufFileOf(gguf);
            return (InFile(gguf, file, () => GgufModel.Read(file)), Node.Map([KeyValuePair.Create("gguf", Node.Quoted(file))]));
        }
        Node config = map.Required("config");
        map.Done();
        string path = Path.GetFullPath(Path.Combine(_folder, config.AsText()));
        Node document = InFile(config, path, () => Document.Load(path));
        string name = Path.GetFileName(Path.GetDirectoryName(path)) is { Length: > 0 } folder ? folder : "model";
        return (HuggingFaceConfig.Read(document, name), Node.Map([KeyValuePair.Create("config", Node.Quoted(path))]));
    }

    /// <summary>The path that a <c>gguf:</c> key means; the name of the model that comes with the program stays as it is.</summary>
    private string GgufFileOf(Node gguf)
    {
        string file = Path.GetFullPath(Path.Combine(_folder, gguf.AsText()));
        return gguf.AsText() == GgufModel.Shipped && !File.Exists(file) ? GgufModel.Shipped : file;
    }

    /// <summary>Where no precision is named: what a model file stores, else 16 bit.</summary>
    private PrecisionPlan UsualPrecision(Node model)
    {
        if (model.Kind == NodeKind.Scalar || model["gguf"] is not { } gguf) return PrecisionPlan.SixteenBit;
        string file = GgufFileOf(gguf);
        return InFile(gguf, file, () => GgufModel.PrecisionOf(file));
    }

    /// <summary>Reads what a key names; a mistake in that file is told with the key's place.</summary>
    private static T InFile<T>(Node key, string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InputException unreadable) when (unreadable.Message.StartsWith(path + ": ", StringComparison.Ordinal))
        {
            throw key.Error(unreadable.Message);
        }
    }

    private static DeviceSpec ReadDevice(Node node)
    {
        if (node.Kind != NodeKind.Scalar) return DeviceSpec.Read(node);
        try
        {
            return Catalog.Device(node.Text);
        }
        catch (InputException unknown)
        {
            throw node.Error(unknown.Message);
        }
    }

    private static DeviceSpec Capped(DeviceSpec device, Node? cap)
    {
        if (cap is null) return device;
        try
        {
            return device.Capped(new(cap.AsQuantity(Quantity.Power)));
        }
        catch (InputException impossible) when (!impossible.Message.Contains(cap.Path, StringComparison.Ordinal))
        {
            throw cap.Error(impossible.Message);
        }
    }

    private static Interconnect? ReadNetwork(Node? node, DeviceSpec device)
    {
        if (node is null) return null;
        Interconnect usual = Interconnect.Usual(device);
        if (node.Kind != NodeKind.Scalar) return usual with { Remote = NetworkLink.Read(node) };
        try
        {
            return usual with { Remote = Catalog.Network(node.Text) };
        }
        catch (InputException unknown)
        {
            throw node.Error(unknown.Message);
        }
    }

    private MemorySpec ReadMemory(Node? node, SchedulerSpec scheduler, ReplicaRole role, out SwapOptions? swap)
    {
        swap = null;
        // KV that comes from elsewhere is nobody's shared prefix.
        bool shares = scheduler.UsesPrefixCache && role != ReplicaRole.Decode && !_movesRequests && _lending is null;
        if (node is null || node.Kind == NodeKind.Scalar)
            return Memories.Registry.Read(node ?? Node.Plain(Memories.Usual)).Resolve(shares, scheduler.UsualBlockTokens);
        MapReader map = node.AsMap();
        MemorySpec asked = Memories.Registry.ReadKeys(map, Memories.Usual);
        Node? swapNode = map.Optional("hostSwap");
        map.Done();
        MemorySpec usual = asked.Resolve(shares, scheduler.UsualBlockTokens);
        if (swapNode is null) return usual;
        MemorySpec spec = asked.Resolve(usesPrefixCache: false, scheduler.UsualBlockTokens);
        swap = SwapOptions.Read(swapNode);
        if (spec.SharesPrefixes) throw swapNode.KeyError("blocks shared between sequences are not swapped to the host; write prefixCache: false, or leave one of the two keys out");
        if (!scheduler.TakesKvBack) throw swapNode.KeyError("this scheduler takes no KV back from the host, so nothing would be swapped; leave the key out");
        if (usual.SharesPrefixes) _notes.Add($"{swapNode.Path}: this engine shares prefixes, but shared blocks are not swapped, so prefixCache is false here");
        return spec;
    }

    private static CallHandlingSpec ReadCalls(Node? node, SchedulerSpec scheduler, SwapOptions? swap)
    {
        if (node is null) return CallHandlers.Registry.Find(CallHandlers.Usual).Default;
        CallHandlingSpec calls = CallHandlers.Registry.Read(node);
        if (calls is not DiscardOptions && !scheduler.TakesKvBack) throw node.Error("this scheduler computes a sequence anew after a call; write calls: discard");
        if (calls is SwapPausedOptions && swap is null) throw node.Error("swapping needs a host pool; write for example memory: {hostSwap: 16GiB}");
        return calls;
    }

    private DraftDesign? ReadDraft(Node? node, SchedulerSpec scheduler, Deployment deployment, out Node? written)
    {
        written = null;
        if (node is null) return null;
        if (!scheduler.TakesDrafts) throw node.KeyError("the rows of this scheduler's batches advance together, so they cannot keep different numbers of drafts; leave the key out");
        return DraftReader.Read(node, deployment, ReadModel, out written);
    }

    private static int MaxLength(Node? node, ModelSpec model, int scaling)
    {
        long most = Math.Min((long)model.MaxPositions * scaling, int.MaxValue);
        if (node is null) return (int)most;
        int length = node.AsInt(min: 2);
        return length <= most
            ? length
            : throw node.Error($"{model.Name} reads at most {most} tokens{(scaling > 1 ? " under this positionScaling" : "")}; write that or less, or leave the key out");
    }

    private int Bound(int asked, KvCapacity capacity, Deployment deployment, int replicas, Node entry)
    {
        // A sequence lives on one data rank.
        long room = capacity.Tokens / deployment.Parallel.Data;
        if (_lending is not null) room = (long)new LendingDesign(_lending, deployment, (int)Math.Min(capacity.Blocks, int.MaxValue), capacity.BlockTokens, replicas).LongestBlocks * capacity.BlockTokens;
        if (room >= asked) return asked;
        _notes.Add(string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{entry.Path}: the KV memory holds {room} tokens, so sequences are bounded by that and not by the maximum length of {asked}"));
        return (int)room;
    }
}
