using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Operations.Systems;

namespace Orrery.Operations.Tests.Systems;

public sealed class OperationsExperimentsTests
{
    [Fact]
    public void Every_experiment_documents_its_figures_and_has_options_that_read_back()
    {
        foreach (Plugin<ExperimentSpec> plugin in OperationsExperiments.Registry.All)
        {
            Assert.NotEmpty(plugin.Summary);
            Assert.NotEmpty(plugin.Source);
            Assert.All(plugin.Options, option => Assert.True(option.Doc.Length > 0 && option.Source.Length > 0, $"{plugin.Name}.{option.Key}"));
            Assert.All(plugin.Default.Figures, figure => Assert.True(figure.Doc.Length > 0, $"{plugin.Name}: {figure.Name}"));
            Assert.Equal(plugin.Default.Figures.Count, plugin.Default.Figures.Select(figure => figure.Name).Distinct().Count());
            Assert.Equal(plugin.Default, OperationsExperiments.Registry.Read(OperationsExperiments.Registry.ToNode(plugin.Default)));
        }
    }
}
