using Orrery.Kernel;
using Orrery.Live.Settings;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>A name that clients may ask for: a model that runs here, or an adapter on one.</summary>
/// <param name="Name">As clients write it.</param>
/// <param name="Model">What answers.</param>
/// <param name="Adapter">Index of the adapter, −1 for the model itself.</param>
/// <param name="Gate">Shared by all names of the model.</param>
internal sealed record ServedModel(string Name, ILiveModel Model, int Adapter, AdmissionGate Gate);

/// <summary>All names of the models that run here.</summary>
internal sealed class ModelDirectory
{
    private readonly Dictionary<string, ServedModel> _byName = new(StringComparer.Ordinal);

    /// <exception cref="InputException">Two models or adapters have one name.</exception>
    public ModelDirectory(IReadOnlyList<ILiveModel> models, ServeLimits limits, TimeProvider time)
    {
        foreach (ILiveModel model in models)
        {
            var gate = new AdmissionGate(model, limits.Requests, limits.Queue, time);
            Add(new(model.Id, model, -1, gate));
            for (int adapter = 0; adapter < model.Adapters.Count; adapter++) Add(new(model.Adapters[adapter], model, adapter, gate));
        }
    }

    /// <summary>In the order of the configuration, adapters behind their model.</summary>
    public List<ServedModel> All { get; } = [];

    public ServedModel? Find(string name) => _byName.GetValueOrDefault(name);

    private void Add(ServedModel model)
    {
        if (!_byName.TryAdd(model.Name, model)) throw new InputException($"two models are called '{model.Name}'; give one of them another id");
        All.Add(model);
    }
}
