package training

import (
	"euryale/data"
	"euryale/layers/graph"
	"euryale/models"
)

// Cost counts the operations and bytes of training the model as its configuration says, on a
// corpus: see Run.Cost. Of a models.Predictor both are 0.
func (s *Saved) Cost(corpus *data.Corpus) (Cost, error) {
	if _, isPredictor := s.Config.Model.(models.Predictor); isPredictor {
		return Cost{}, nil
	}
	r := &Run{Config: s.Config, Corpus: corpus, Weights: graph.NewBlankWeights()}
	if err := r.declare(); err != nil {
		return Cost{}, err
	}
	r.replicas = newReplicas(r.Config, r.Weights)
	if err := r.openBatches(); err != nil {
		return Cost{}, err
	}
	return r.Cost()
}
